"""Saving a session and restoring it."""

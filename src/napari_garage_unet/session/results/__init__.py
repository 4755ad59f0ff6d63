"""Segmentations and their objects in a session."""

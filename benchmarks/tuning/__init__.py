"""Tuning in the window, and objects."""

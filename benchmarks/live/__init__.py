"""A window, a person at it, and what breaks."""

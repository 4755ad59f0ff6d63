"""Training from strokes."""

"""The comparison of methods that learn from strokes."""

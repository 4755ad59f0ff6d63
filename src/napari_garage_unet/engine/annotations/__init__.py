"""What people paint: strokes, classes and their colours."""

"""The annotated images of a session and changes of their strokes."""

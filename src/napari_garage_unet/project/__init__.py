"""Projects on disk: strokes, versions and settings of a session. No Qt, no napari."""

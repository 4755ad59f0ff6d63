"""What napari layers mean to the engine, and back; without Qt."""

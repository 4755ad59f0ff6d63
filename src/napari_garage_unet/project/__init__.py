"""What a session keeps on disk, so that nothing painted is lost. No Qt, no napari."""

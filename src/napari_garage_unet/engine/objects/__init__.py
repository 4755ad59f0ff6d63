"""From label images to objects and their tables."""

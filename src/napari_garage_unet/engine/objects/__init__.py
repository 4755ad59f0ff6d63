"""Objects of a segmentation: ids, splitting, measurements and tables."""

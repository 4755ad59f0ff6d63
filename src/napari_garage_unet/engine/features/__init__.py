"""Feature maps of a plane: a pretrained encoder and multiscale filters."""

"""Classes: their list, their layers, and painting with them."""

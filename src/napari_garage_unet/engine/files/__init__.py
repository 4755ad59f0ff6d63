"""Image, label and probability files."""

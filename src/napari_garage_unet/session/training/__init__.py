"""Training of the live model."""

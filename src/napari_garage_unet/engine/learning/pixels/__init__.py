"""Training a decoder on single pixels of frozen feature maps."""

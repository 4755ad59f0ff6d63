"""Segmenting whole images from the dock."""

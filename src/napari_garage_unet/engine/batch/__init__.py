"""Segmenting whole images from files to files."""

"""Segmentation of whole images, from files to files."""

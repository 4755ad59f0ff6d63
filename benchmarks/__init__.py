"""Measurements of napari-garage-unet beside the tools a person would pick instead."""

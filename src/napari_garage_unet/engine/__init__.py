"""The library that does the work: arrays in, arrays out.

Knows neither Qt nor napari, and imports TensorFlow only when a network is built.
"""

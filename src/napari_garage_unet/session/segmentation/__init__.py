"""Segmentation of planes and stacks with a model."""

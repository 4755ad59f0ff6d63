"""Probabilities of large planes, tile by tile."""

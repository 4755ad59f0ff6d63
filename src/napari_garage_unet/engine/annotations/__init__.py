"""Strokes, classes and their colours."""

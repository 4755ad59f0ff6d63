"""Suggested thresholds, sizes and splitting, and where to paint next."""

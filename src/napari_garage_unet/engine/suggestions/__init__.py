"""Suggested thresholds, sizes and places for the next stroke."""

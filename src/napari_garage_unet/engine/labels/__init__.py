"""Thresholds and clean-up rules: from probabilities to label images."""

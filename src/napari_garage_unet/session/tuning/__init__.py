"""Thresholds and rules, tuned live."""

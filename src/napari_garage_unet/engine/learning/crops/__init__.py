"""Training end to end on crops, for networks without frozen features."""

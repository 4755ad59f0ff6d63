"""Puts this folder on the path, for what several folders of tests use."""

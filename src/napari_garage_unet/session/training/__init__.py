"""Training jobs of a session."""

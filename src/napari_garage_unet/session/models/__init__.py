"""Models and their versions in a session."""

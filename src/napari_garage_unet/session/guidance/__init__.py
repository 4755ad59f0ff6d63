"""What the person can do next."""

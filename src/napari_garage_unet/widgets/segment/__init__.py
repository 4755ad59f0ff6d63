"""The dock that segments images."""

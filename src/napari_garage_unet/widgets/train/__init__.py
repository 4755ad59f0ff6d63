"""The dock that trains."""

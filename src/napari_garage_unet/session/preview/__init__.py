"""The preview while the model learns."""

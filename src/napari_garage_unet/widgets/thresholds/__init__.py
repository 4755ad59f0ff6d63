"""The dock that tunes thresholds."""

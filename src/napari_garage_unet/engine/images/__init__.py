"""Images: axes, units and preprocessing."""

"""Images: their axes, units and preprocessing."""

"""Image filters that the networks use: medians, guided filter, despeckling."""

"""From probabilities to label images."""

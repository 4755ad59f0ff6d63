"""Files of images, strokes, labels, probabilities and reports."""

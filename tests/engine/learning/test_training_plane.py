"""What is painted on a plane, counted."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.learning.training_plane import ClassCounts


def test_pixels_and_strokes_of_each_class_are_counted():
    targets = np.zeros((40, 40), np.int32)
    targets[5, 5:20] = targets[9, 5:20] = 1
    targets[20, 5:20] = 3
    counts = ClassCounts.of(targets, 4)
    assert counts.pixels.tolist() == [30, 0, 15, 0]
    assert counts.strokes.tolist() == [2, 0, 1, 0]
    nothing = ClassCounts.of(np.zeros((9, 9), np.int32), 2)
    assert nothing.strokes.tolist() == nothing.pixels.tolist() == [0, 0]

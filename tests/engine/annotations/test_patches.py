"""Patches of one class, and the strokes they are cut into."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.annotations.patches import find_strokes


def test_strokes_are_8_connected_patches_of_one_class_in_reading_order():
    plane = np.zeros((20, 30), np.int32)
    plane[5, 3] = plane[6, 4] = 2  # corner to corner
    plane[6, 5] = 1  # beside them, but of another class
    plane[2, 20:25] = 1
    found = [(s.class_id, int(s.mask.sum()), s.box) for s in find_strokes(plane)]
    assert found == [
        (1, 5, (slice(2, 3), slice(20, 25))),
        (2, 2, (slice(5, 7), slice(3, 5))),
        (1, 1, (slice(6, 7), slice(5, 6))),
    ]


def test_large_patches_are_cut_into_blocks_that_cover_them():
    plane = np.ones((300, 140), np.int32)
    covered = np.zeros(plane.shape, int)
    strokes = find_strokes(plane)
    assert len(strokes) == 6
    for stroke in strokes:
        assert max(stroke.mask.shape) <= 128
        covered[stroke.box] += stroke.mask
    assert (covered == 1).all()

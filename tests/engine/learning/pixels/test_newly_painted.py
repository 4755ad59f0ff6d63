"""What has been painted since the network learnt last."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.learning.pixels.newly_painted import find_newly_painted
from napari_garage_unet.engine.learning.training_plane import TrainingPlane, add_counts


def newly(before, targets):
    plane = TrainingPlane(targets, lambda rows, columns: ())
    return find_newly_painted(before, plane, 3)


def test_pixels_of_another_class_than_before_are_new_and_erased_ones_are_not():
    before = np.zeros((30, 40), np.int32)
    before[3, 5:20] = 1
    before[8, 5:20] = 2
    now = before.copy()
    now[3, 5:10] = 3  # repainted
    now[8, 5:20] = 0  # erased
    now[20, 1:4], now[25, 1:4] = 1, 1
    is_new, counts = newly(before, now)
    np.testing.assert_array_equal(is_new, (now != before) & (now > 0))
    assert counts.pixels.tolist() == [6, 0, 5]
    assert counts.strokes.tolist() == [2, 0, 1]


def test_nothing_is_new_where_nothing_has_changed():
    targets = np.eye(9, dtype=np.int32)
    is_new, counts = newly(targets, targets.copy())
    assert not is_new.any()
    assert not counts.pixels.any()
    assert not counts.strokes.any()


def test_everything_is_new_on_a_plane_that_was_never_learnt_from():
    targets = np.eye(9, dtype=np.int32)
    for before in (None, np.zeros((3, 3), np.int32)):
        is_new, counts = newly(before, targets)
        np.testing.assert_array_equal(is_new, targets > 0)
        assert counts.strokes.tolist() == [1, 0, 0]


def test_counts_of_planes_add_up():
    one = newly(None, np.eye(9, dtype=np.int32))[1]
    other = newly(None, np.full((2, 5), 2, np.int32))[1]
    total = add_counts([one, other])
    assert total.pixels.tolist() == [9, 10, 0]
    assert total.strokes.tolist() == [1, 1, 0]

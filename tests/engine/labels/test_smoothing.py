"""Smoothing of shapes whose result is known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.smoothing import smooth_classes


def smoothed(labels, radius, spacing=None):
    labels = labels.copy()
    smooth_classes(labels, [ClassRule(), ClassRule(smooth=radius)], (1, 2), spacing)
    return labels


@pytest.fixture
def square():
    labels = np.ones((15, 15), np.uint8)
    labels[4:11, 4:11] = 2
    return labels


def test_a_spike_and_a_notch_disappear_and_straight_edges_stay(square):
    rough = square.copy()
    rough[3, 7] = 2
    rough[10, 7] = 1
    found = smoothed(rough, 2)
    np.testing.assert_array_equal(found[:, 7], square[:, 7])
    np.testing.assert_array_equal(found[7], square[7])


def test_a_lost_pixel_gets_the_most_frequent_label_around_it():
    labels = np.full((5, 5), 3, np.uint8)
    labels[0] = 1
    labels[2, 2] = 2
    assert smoothed(labels, 1)[2, 2] == 3


@pytest.mark.parametrize(
    ("spacing", "rows"),
    [
        ((1.0, 1.0), [4]),  # the ends are less than half, the middle is half
        ((4.0, 1.0), [3, 4, 5]),  # radius 0 along y: half of each row
        ((0.5, 1.0), []),  # radius 2 along y
    ],
)
def test_the_radius_is_as_long_along_every_axis(spacing, rows):
    line = np.ones((9, 9), np.uint8)
    line[3:6, 4] = 2
    found = smoothed(line, 1, spacing)
    assert np.argwhere(found == 2).tolist() == [[row, 4] for row in rows]


def test_a_spacing_needs_a_number_for_each_axis(square):
    with pytest.raises(InputError, match="each of 2 axes"):
        smoothed(square, 1, (1.0,))

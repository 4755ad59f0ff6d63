"""Sizes of painted objects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.suggestions.object_sizes import (
    measure_painted_objects,
    painted_sizes,
    small_size,
)
from napari_garage_unet.engine.suggestions.painted import PaintedPlane


@pytest.fixture
def labelled():
    """Class 2 in class 1: squares of 20 x 20, of 12 x 12 and of 2 x 2 pixels."""
    labels = np.ones((60, 80), np.uint8)
    labels[5:25, 5:25] = labels[40:52, 40:52] = labels[5:7, 60:62] = 2
    return labels


def test_only_painted_objects_count(labelled):
    strokes = np.zeros(labelled.shape, np.uint8)
    strokes[10, 8:20] = strokes[45, 42:50] = 2
    ids = objects(labelled, 2)
    sizes = painted_sizes(ids, strokes == 2)
    assert sizes.tolist() == [400] * 12 + [144] * 8
    assert small_size(sizes) == 144
    strokes[45] = 0
    assert small_size(painted_sizes(ids, strokes == 2)) == 400
    # A stroke outside objects has no size.
    strokes[10], strokes[58] = 0, 2
    assert small_size(painted_sizes(ids, strokes == 2)) == 0


def test_a_brushed_small_region_is_no_small_object():
    assert small_size(np.array([3] * 2 + [500] * 18 + [90] * 10)) == 90
    assert small_size(np.array([3])) == 3


@pytest.mark.parametrize("seed", range(5))
def test_painted_sizes_equal_counting(seed):
    rng = np.random.default_rng(seed)
    ids = ndimage.label(rng.random((6, 20, 30)) < 0.4)[0]
    painted = rng.random(ids.shape) < 0.02
    expected = [(ids == i).sum() for i in ids[painted] if i > 0]
    assert painted_sizes(ids, painted).tolist() == expected


def test_touching_objects_are_measured_apart():
    labels = np.ones((60, 90), np.uint8)
    grid = np.indices(labels.shape)
    for x in (20, 44):
        labels[np.hypot(grid[0] - 30, grid[1] - x) <= 13] = 2
    strokes = np.zeros(labels.shape, np.uint8)
    strokes[30, 40:48] = 2
    found = measure_painted_objects(PaintedPlane(labels, strokes), labels, 2)
    assert found.touch
    assert len(found.sizes) == 8
    assert found.sizes[0] < 0.55 * np.count_nonzero(labels == 2)


def test_without_painted_objects_none_look_touching(labelled):
    nothing = PaintedPlane(labelled, np.zeros(labelled.shape, np.uint8))
    found = measure_painted_objects(nothing, labelled, 2)
    assert not found.sizes.size
    assert not found.touch

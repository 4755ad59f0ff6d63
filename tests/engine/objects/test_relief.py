"""The relief of shapes, and filters that equal those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_garage_unet.engine.objects.relief import (
    MIN_THREADED_PIXELS,
    blur,
    connected_regions,
    distance_relief,
    max_around,
)


def test_regions_connect_at_corners():
    mask = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)
    found = connected_regions(mask)
    assert found.dtype == np.int32
    assert found.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [2, 2, 0]]


def test_the_relief_is_the_distance_in_world_units_times_the_probability():
    mask = np.zeros((5, 5), bool)
    mask[1:4] = True
    regions = connected_regions(mask)
    relief = distance_relief(regions, None, (2.0, 1.0))
    assert relief.dtype == np.float32
    assert relief[:, 2].tolist() == [0, 2, 4, 2, 0]
    levels = np.full(mask.shape, 51, np.uint8)  # 0.2
    weighed = distance_relief(regions, levels, (2.0, 1.0))
    np.testing.assert_allclose(weighed, relief * 0.2, rtol=1e-6)


def test_without_an_outline_the_relief_is_flat():
    relief = distance_relief(np.ones((3, 4), np.int32), None, (1.0, 1.0))
    assert (relief == 1).all()


@pytest.mark.parametrize("shape", [(1,), (7,), (1, 9), (12, 15), (4, 6, 5)])
def test_the_maximum_around_is_that_of_a_maximum_filter(shape):
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    expected = ndimage.maximum_filter(values, 3)
    np.testing.assert_array_equal(max_around(values), expected)


@pytest.mark.parametrize("shape", [(61, 64), (1031, 1023), (9, 350, 337)])
def test_the_blur_of_large_and_small_images_is_that_of_one_thread(shape):
    values = np.random.default_rng(0).random(shape, np.float32)
    sigma = (1.5, 0.7, 2.0)[: len(shape)]
    assert (values.size >= MIN_THREADED_PIXELS) == (shape != (61, 64))
    expected = ndimage.gaussian_filter(values, sigma)
    np.testing.assert_array_equal(blur(values, sigma), expected)

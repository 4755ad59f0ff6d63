"""Probabilities as levels from 0 to 255."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import (
    cache_slices,
    check_probabilities,
    quantize,
)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_levels_are_rounded_probabilities(dtype):
    # More values than a slice holds, and a shape that slices do not divide.
    p = np.random.default_rng(0).random((2, 3, 257, 131)).astype(dtype)
    levels = quantize(p)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(
        levels, np.rint(255 * p.astype(np.float32)).astype(np.uint8)
    )


def test_every_level_comes_back():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(quantize(levels / 255), levels)


def test_levels_are_not_copied():
    levels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.shares_memory(quantize(levels), levels)


def test_rounding_errors_are_clipped():
    assert quantize(np.array([-0.0005, 1.0005])).tolist() == [0, 255]


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf])
def test_values_that_are_no_probabilities_are_refused(value):
    with pytest.raises(InputError, match="between 0 and 1"):
        quantize(np.array([0.5, value]))


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, bool])
def test_other_types_are_refused(dtype):
    with pytest.raises(InputError, match="float from 0 to 1 or uint8"):
        quantize(np.zeros(3, dtype))


@pytest.mark.parametrize("shape", [(), (0, 4), (256, 4)])
def test_classes_are_counted(shape):
    with pytest.raises(InputError, match="1 to 255"):
        check_probabilities(np.zeros(shape, np.float32))
    assert check_probabilities(np.zeros((255, 4), np.float32)).shape == (255, 4)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
def test_slices_cover_every_value_once(size):
    covered = np.zeros(size, int)
    for part in cache_slices(size):
        covered[part] += 1
    assert (covered == 1).all()

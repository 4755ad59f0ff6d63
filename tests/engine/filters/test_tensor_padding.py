"""Padding of tensors."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.filters.tensor_padding import repeat_border


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("width", [0, 1, 5])
def test_the_border_is_repeated_as_numpy_does(axis, width):
    maps = np.random.default_rng(0).random((3, 4, 2), np.float32)
    widths = [(0, 0)] * 3
    widths[axis] = (width, width)
    np.testing.assert_array_equal(
        repeat_border(maps, width, axis), np.pad(maps, widths, mode="edge")
    )

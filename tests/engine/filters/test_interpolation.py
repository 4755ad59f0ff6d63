"""Three ways of asking for a value between cells give one answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.filters.interpolation import (
    enlarge,
    interpolate_at_pixels,
    interpolate_at_rows_and_columns,
)

sizes = st.integers(1, 9)
strides = st.sampled_from([1, 2, 4, 8, 16])
# Those of the encoder's maps are multiples of 1/8.
offsets = st.integers(-16, 128).map(lambda n: n / 8)
seeds = st.integers(0, 2**31)


def test_values_are_linear_between_cells_and_constant_behind_the_last():
    maps = np.array([[[0.0, 2.0], [4.0, 6.0]]], np.float32)
    np.testing.assert_array_equal(
        enlarge(maps, 2)[0],
        [[0, 1, 2, 2], [2, 3, 4, 4], [4, 5, 6, 6], [4, 5, 6, 6]],
    )


@settings(max_examples=30, deadline=None)
@given(sizes, sizes, st.sampled_from([1, 2, 4, 8]), seeds)
def test_all_forms_agree_on_a_whole_plane(height, width, factor, seed):
    maps = np.random.default_rng(seed).random((2, height, width), np.float32)
    rows, columns = np.arange(height * factor), np.arange(width * factor)

    whole = enlarge(maps, factor)

    last = maps.transpose(1, 2, 0)
    grid = interpolate_at_rows_and_columns(
        tf.constant(last),
        rows.astype("f4"),
        columns.astype("f4"),
        stride=factor,
        offset=0.0,
    )
    np.testing.assert_array_equal(grid.numpy().transpose(2, 0, 1), whole)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    single = interpolate_at_pixels(
        last, y.ravel(), x.ravel(), stride=factor, offset=0.0
    )
    np.testing.assert_allclose(single.T.reshape(whole.shape), whole, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, strides, offsets, seeds, st.sampled_from(["f2", "f4"]))
def test_pixels_rows_and_columns_agree_with_scipy(
    height, width, stride, offset, seed, dtype
):
    rng = np.random.default_rng(seed)
    cells = rng.random((height, width, 3)).astype(dtype)
    rows, columns = (rng.integers(0, 200, 7) for _ in range(2))

    single = interpolate_at_pixels(cells, rows, columns, stride=stride, offset=offset)
    grid = interpolate_at_rows_and_columns(
        tf.constant(cells),
        rows.astype("f4"),
        columns.astype("f4"),
        stride=stride,
        offset=offset,
    ).numpy()

    assert single.dtype == grid.dtype == np.float32
    # SciPy needs two cells along each axis.
    padded = np.pad(cells.astype(float), [(0, 1), (0, 1), (0, 0)], mode="edge")
    reference = RegularGridInterpolator(
        [stride * np.arange(n) + offset for n in padded.shape[:2]], padded
    )
    ends = [stride * (n - 1) + offset for n in cells.shape[:2]]
    inside = [
        np.clip(p, offset, end) for p, end in zip((rows, columns), ends, strict=True)
    ]
    np.testing.assert_allclose(single, reference(np.stack(inside, 1)), atol=1e-5)
    np.testing.assert_allclose(grid[np.arange(7), np.arange(7)], single, atol=1e-6)


def test_single_pixels_keep_the_arithmetic_that_models_were_trained_with():
    cells = np.array([[[0.1], [0.7]]], np.float32)
    found = interpolate_at_pixels(
        cells, np.zeros(1, int), np.ones(1, int), stride=4, offset=0.0
    )
    u, a, b = np.float32(0.25), *cells[0, :, 0]
    assert found[0, 0] == (1 - u) * a + u * b


@pytest.mark.parametrize("factor", [1, 2])
def test_enlarging_leaves_what_it_was_given(factor):
    maps = np.random.default_rng(0).random((1, 3, 4), np.float32)
    before = maps.copy()
    enlarge(maps, factor)[:] = 0
    np.testing.assert_array_equal(maps, before)

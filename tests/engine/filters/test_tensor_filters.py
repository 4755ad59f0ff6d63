"""The exported twin of each filter computes what the filter computes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.filters import despeckle, guided_filter, tensor_filters
from napari_garage_unet.engine.filters.median import median_of_nine, median_of_plane

cells = st.integers(3, 12)
seeds = st.integers(0, 2**31)
few = settings(max_examples=15, deadline=None)


def make_probabilities(n_classes, height, width, seed):
    """``(n_classes, height, width)``, with some cells that are nearly undecided."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(n_classes, 2.0), (height, width))
    return np.moveaxis(probabilities, -1, 0).astype(np.float32)


def channels_last(maps):
    return tf.constant(np.moveaxis(maps, 0, -1))


def channels_first(tensor):
    return np.moveaxis(tensor.numpy(), -1, 0)


@few
@given(cells, cells, seeds)
def test_medians_are_the_same(height, width, seed):
    maps = np.random.default_rng(seed).random((2, height, width), np.float32)
    plane = np.moveaxis(maps, 0, -1)

    nine = tensor_filters.median(channels_last(maps), 3)
    wide = tensor_filters.median(channels_last(maps), 5)

    np.testing.assert_array_equal(channels_first(nine), median_of_nine(maps))
    np.testing.assert_array_equal(wide.numpy(), median_of_plane(plane, 5))


@few
@given(st.integers(2, 5), cells, cells, st.sampled_from([1, 2]), seeds)
def test_isolated_pixels_go_in_the_same_places(n_classes, height, width, grid, seed):
    probabilities = make_probabilities(n_classes, height * grid, width * grid, seed)

    found = channels_first(
        tensor_filters.despeckle(channels_last(probabilities), grid=grid)
    )

    expected = probabilities.copy()
    despeckle.despeckle(expected, grid=grid)
    # Sums of a window in another order may decide otherwise where two are level.
    same = np.isclose(found, expected, atol=1e-6).all(axis=0)
    assert same.mean() > 0.99
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)


@few
@given(
    st.integers(2, 4),
    st.sampled_from([1, 2, 3]),
    st.integers(0, 3),
    st.integers(0, 2),
    seeds,
)
def test_probabilities_are_smoothed_alike(
    n_classes, n_channels, radius, n_coarse, seed
):
    rng = np.random.default_rng(seed)
    height, width, grid = 8, 10, 2
    probabilities = make_probabilities(n_classes, height, width, seed)
    rest = make_probabilities(n_classes, height, width, seed + 1)
    guide = rng.random((n_channels, height * grid, width * grid), np.float32)
    coarse = rng.random((n_coarse, height, width), np.float32)
    settings = {"grid": grid, "radius": radius, "epsilon": 1e-2, "share": 0.7}

    found = tensor_filters.smooth_probabilities(
        channels_last(probabilities),
        channels_last(guide),
        channels_last(coarse),
        rest=channels_last(rest),
        **settings,
    )

    expected = guided_filter.smooth_probabilities(
        probabilities, guide, coarse, rest=rest, **settings
    )
    np.testing.assert_allclose(channels_first(found), expected, atol=1e-3)

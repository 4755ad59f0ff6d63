"""Medians of small neighbourhoods, and that noise of the image guides nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import median_filter

from napari_garage_unet.engine.filters import median
from napari_garage_unet.engine.filters.median import median_of_nine, median_of_plane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig


@pytest.mark.parametrize("shape", [(37, 23, 3), (5, 1, 1), (1, 9, 1)])
@pytest.mark.parametrize("cores", [1, 2, 8])
def test_strips_give_the_medians_of_the_whole_plane(monkeypatch, shape, cores):
    monkeypatch.setattr(median, "available_cores", lambda: cores)
    plane = np.random.default_rng(0).random(shape, np.float32)
    expected = [median_filter(c, 5, mode="nearest") for c in np.moveaxis(plane, 2, 0)]
    found = median_of_plane(plane, 5)
    np.testing.assert_array_equal(found, np.stack(expected, axis=-1))
    assert found.dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 17, 31), (1, 1, 4), (3, 2, 1)])
def test_the_median_of_nine_is_that_of_scipy(shape):
    maps = np.random.default_rng(0).random(shape, np.float32)
    expected = [median_filter(one, 3, mode="nearest") for one in maps]
    np.testing.assert_array_equal(median_of_nine(maps), np.stack(expected))


def test_the_median_of_nine_leaves_what_it_was_given():
    maps = np.random.default_rng(0).random((2, 8, 8), np.float32)
    before = maps.copy()
    median_of_nine(maps)
    np.testing.assert_array_equal(maps, before)


def test_single_pixels_guide_nothing_and_edges_do():
    network = build_network(NetworkConfig(), 1, 2)
    plane = np.zeros((64, 64, 1), np.float32)
    plane[:, 32:] = 0.5
    noisy = plane.copy()
    places = np.random.default_rng(0).integers(2, 62, (40, 2))
    noisy[places[:, 0], places[:, 1]] = 1
    guide, clean = (
        network.statistics_and_features(image)[1][0] for image in (noisy, plane)
    )
    assert (
        np.abs(guide - clean).max(axis=(0, 2))[[*range(30), *range(34, 64)]].max() == 0
    )
    assert np.mean(guide != clean) < 0.01

"""Features are what their description says."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import load_features, pack_pixels


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_features_are_what_their_description_says(n_channels):
    features = load_features(n_channels)
    plane = np.random.default_rng(0).random((64, 48, n_channels), np.float32)
    pixels, *feature_maps = features(plane, features.statistics(plane))
    standard = (plane - plane.mean(axis=(0, 1))) / plane.std(axis=(0, 1))
    np.testing.assert_allclose(pixels, pack_pixels(standard), atol=0.1)
    assert pixels.dtype == np.float16
    for feature_map, spec in zip(feature_maps, features.specs, strict=True):
        assert feature_map.shape == (
            64 // spec.stride,
            48 // spec.stride,
            spec.channels,
        )
        assert feature_map.dtype == np.float16
        values = feature_map.astype(np.float32).reshape(-1, spec.channels)
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.02)
        assert values.std(axis=0).max() < 1.02


def test_a_whole_plane_has_the_features_it_has_in_two_steps():
    features = load_features(3)
    plane = np.random.default_rng(0).random((48, 32, 3), np.float32)
    statistics, at_once = features.statistics_and_features(plane)
    in_steps = features(plane, features.statistics(plane))
    for a, b in zip(at_once, in_steps, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(statistics.means) == len(at_once) == 1 + len(features.specs)


def test_encoder_maps_lie_where_their_offset_says():
    """A spot is brightest in the cell that its description puts nearest."""
    features = load_features(1)
    flat = np.full((128, 128, 1), 0.5, np.float32)
    spot = flat.copy()
    spot[62:66, 62:66] = 1
    statistics = features.statistics(spot)
    before, after = (features(plane, statistics)[1:] for plane in (flat, spot))
    for spec, a, b in zip(features.specs, before, after, strict=True):
        change = np.abs(b.astype(np.float32) - a).sum(axis=-1)
        weights = change / change.sum()
        rows = np.arange(len(change)) * spec.stride + spec.offset
        centre = float((weights.sum(axis=1) * rows).sum())
        assert abs(centre - 63.5) <= max(spec.stride, 2)

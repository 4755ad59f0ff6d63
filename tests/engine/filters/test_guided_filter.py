"""Smoothing along edges."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.filters.guided_filter import (
    guided_coefficients,
    smooth_probabilities,
)
from napari_garage_unet.engine.filters.interpolation import enlarge


def reference(value, guide, radius, epsilon):
    """The filter of the paper, window by window."""
    channels, h, w = guide.shape
    slopes = np.empty((channels, h, w))
    intercepts = np.empty((h, w))

    def window(array, y, x):
        padded = np.pad(array, radius, mode="edge")
        return padded[y : y + 2 * radius + 1, x : x + 2 * radius + 1].ravel()

    for y in range(h):
        for x in range(w):
            g = np.stack([window(channel, y, x) for channel in guide])
            v = window(value, y, x)
            covariance = np.cov(g, bias=True).reshape(channels, channels)
            joint = (g * v).mean(axis=1) - g.mean(axis=1) * v.mean()
            a = np.linalg.solve(covariance + epsilon * np.eye(channels), joint)
            slopes[:, y, x] = a
            intercepts[y, x] = v.mean() - a @ g.mean(axis=1)

    def average(array):
        return np.array(
            [[window(array, y, x).mean() for x in range(w)] for y in range(h)]
        )

    return np.stack([*map(average, slopes), average(intercepts)])


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_coefficients_are_those_of_the_paper(channels):
    rng = np.random.default_rng(0)
    guide = rng.random((channels, 12, 9), np.float32)
    values = rng.random((2, 12, 9), np.float32)
    result = guided_coefficients(values, guide, radius=2, epsilon=1e-2)
    assert result.shape == (channels + 1, 2, 12, 9)
    for k in range(2):
        expected = reference(values[k], guide, 2, 1e-2)
        np.testing.assert_allclose(result[:, k], expected, atol=2e-4)


def test_probabilities_follow_an_edge_that_the_coarse_grid_misses():
    guide = np.zeros((1, 64, 64), np.float32)
    guide[:, :, 33:] = 1
    coarse = np.zeros((2, 32, 32), np.float32)
    coarse[0, :, :16], coarse[1, :, 16:] = 0.9, 0.9
    coarse[0, :, 16:], coarse[1, :, :16] = 0.1, 0.1
    coarse += np.random.default_rng(0).normal(0, 0.05, coarse.shape).astype("f4")
    fine = smooth_probabilities(coarse, guide, grid=2, radius=8, epsilon=1e-3)
    assert fine.shape == (2, 64, 64)
    labels = fine.argmax(axis=0)
    np.testing.assert_array_equal(labels, guide[0].astype(int))
    np.testing.assert_allclose(fine.sum(axis=0), 1, rtol=1e-5)
    assert fine.min() > 0


def test_an_edge_that_only_the_coarse_guide_has_is_kept():
    rng = np.random.default_rng(0)
    guide = np.full((1, 64, 64), 0.5, np.float32)
    lines = np.zeros((1, 32, 32), np.float32)
    lines[:, :, 8::8] = 1
    coarse = np.concatenate([1 - lines, lines]) * 0.4 + 0.3
    coarse += rng.normal(0, 0.2, coarse.shape).astype("f4")
    settings = {"grid": 2, "radius": 8, "epsilon": 1e-3}
    blurred = smooth_probabilities(coarse, guide, **settings).argmax(axis=0)
    kept = smooth_probabilities(coarse, guide, lines, **settings).argmax(axis=0)
    np.testing.assert_array_equal(kept[::2, ::2], lines[0])
    assert (blurred[::2, ::2] != lines[0]).mean() > 0.05


def test_without_a_radius_probabilities_are_only_enlarged():
    rng = np.random.default_rng(0)
    coarse = rng.dirichlet([1, 1, 1], (10, 8)).astype("f4").transpose(2, 0, 1)
    guide = rng.random((3, 20, 16), np.float32)
    fine = smooth_probabilities(coarse, guide, grid=2, radius=0, epsilon=1e-3)
    np.testing.assert_allclose(fine, enlarge(coarse, 2), atol=1e-5)


def test_flat_images_are_averaged_and_stay_finite():
    coarse = np.random.default_rng(0).random((3, 10, 10), np.float32)
    guide = np.full((3, 20, 20), 0.5, np.float32)
    fine = smooth_probabilities(coarse, guide, grid=2, radius=4, epsilon=1e-3)
    assert np.isfinite(fine).all()
    assert fine.std() < coarse.std() / 2


def test_a_share_of_the_probabilities_stays_as_it_is():
    rng = np.random.default_rng(0)
    coarse = rng.dirichlet([1, 1], (12, 8)).astype("f4").transpose(2, 0, 1)
    guide = rng.random((1, 24, 16), np.float32)
    settings = {"grid": 2, "radius": 3, "epsilon": 1e-2}
    smooth = smooth_probabilities(coarse, guide, **settings)
    kept = enlarge(coarse, 2)
    mixed = smooth_probabilities(coarse, guide, share=0.6, **settings)
    np.testing.assert_allclose(mixed, 0.6 * smooth + 0.4 * kept, atol=1e-5)

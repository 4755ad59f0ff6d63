"""Draws with weights, the learning rate of a round, and how much is kept."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.draws import (
    BalancedDraw,
    rate_factor,
    shares_to_keep,
)


def test_the_rate_rises_then_falls():
    factors = [rate_factor(p) for p in np.linspace(0, 1, 101)]
    assert factors[0] < 0.02
    assert np.argmax(factors) == 10
    assert factors[10] == pytest.approx(1.01)
    assert factors[-1] == pytest.approx(0.01)
    assert rate_factor(3) == pytest.approx(0.01)
    assert rate_factor(0, rises=False) == pytest.approx(1.01)


def test_pixels_are_drawn_as_often_as_they_weigh():
    weights = np.array([0, 1, 0, 3, 4, 0], np.float32)
    drawn = BalancedDraw(weights)(np.random.default_rng(0), (3, 20_000))
    assert drawn.shape == (3, 20_000)
    frequencies = np.bincount(drawn.ravel(), minlength=6) / drawn.size
    np.testing.assert_allclose(frequencies, weights / 8, atol=0.01)
    assert (frequencies[weights == 0] == 0).all()


def test_a_large_class_is_thinned_out_and_a_rare_one_kept():
    shares = shares_to_keep(np.array([2000, 30]), max_pixels=1000)
    np.testing.assert_allclose(shares, [0, 0.25, 1])


def test_a_class_without_pixels_does_no_harm():
    shares = shares_to_keep(np.array([10, 0, 5]), max_pixels=1000)
    assert shares[0] == 0
    np.testing.assert_array_equal(shares[1:], 1)

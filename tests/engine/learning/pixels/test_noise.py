"""Noise and masks: their distributions, and which values a step takes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.noise import (
    drawn_mask,
    drawn_noise,
    stretch,
)


def test_noise_is_normal():
    values = drawn_noise(200_000).numpy()
    assert values.mean() == pytest.approx(0, abs=0.01)
    assert values.std() == pytest.approx(1, abs=0.01)
    assert (np.abs(values) > 1.96).mean() == pytest.approx(0.05, abs=0.003)


def test_a_mask_drops_its_rate_and_keeps_the_mean():
    values = drawn_mask(200_000, 0.2).numpy()
    assert set(np.unique(values)) == {0, np.float32(1.25)}
    assert (values == 0).mean() == pytest.approx(0.2, abs=0.005)


@pytest.mark.parametrize(("offset", "first"), [(0.0, 0), (0.5, 44), (1.0, 88)])
def test_a_stretch_begins_anywhere(offset, first):
    drawn = np.arange(100, dtype=np.float32)
    found = stretch(drawn, offset, (3, 4)).numpy()
    np.testing.assert_array_equal(found, drawn[first : first + 12].reshape(3, 4))

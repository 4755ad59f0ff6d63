"""The guide of the smoothing, and the projection that one member sees through."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.pca import (
    GUIDE_STD,
    pca_guide,
    pca_projection,
)
from napari_garage_unet.engine.networks.decoder_state import N_GUIDES, PCA_COMPONENTS

N_FEATURES = 48
SCALE = np.full(N_FEATURES, 0.5, np.float32)


@pytest.fixture
def features():
    """Uncorrelated in a turned basis, the first directions with more variance."""
    rng = np.random.default_rng(0)
    spreads = np.linspace(1.5, 0.1, N_FEATURES)
    turned, _ = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))
    mixed = rng.normal(size=(4000, N_FEATURES)) * spreads @ turned + 0.3
    return mixed.astype(np.float32)


def test_guides_have_their_standard_deviation_and_differ(features):
    guide = pca_guide(features, SCALE)
    assert guide.shape == (N_FEATURES, N_GUIDES)
    maps = features * SCALE @ guide
    np.testing.assert_allclose(maps.std(axis=0), GUIDE_STD, rtol=0.02)
    assert abs(np.corrcoef(maps.T)[0, 1]) < 0.05


def test_through_the_projection_the_largest_components_are_larger_yet(features):
    projection = pca_projection(features, SCALE)
    assert projection.shape == (N_FEATURES, PCA_COMPONENTS)
    plain = features * SCALE
    seen = plain @ projection @ projection.T
    variances = np.linalg.eigvalsh(np.cov(plain.T))[::-1]
    through = np.linalg.eigvalsh(np.cov(seen.T))[::-1]
    assert through.sum() == pytest.approx(variances.sum(), rel=0.02)
    np.testing.assert_allclose(through[PCA_COMPONENTS:], 0, atol=1e-5)
    expected = (variances[0] / variances[:PCA_COMPONENTS]) ** 2
    np.testing.assert_allclose(
        through[0] / through[:PCA_COMPONENTS], expected, rtol=0.05
    )


def test_features_that_do_not_vary_have_a_projection_and_a_guide_all_the_same():
    constant = np.ones((100, N_FEATURES), np.float32)
    assert np.isfinite(pca_guide(constant, SCALE)).all()
    assert np.isfinite(pca_projection(constant, SCALE)).all()

"""The exported twin of the multiscale features computes what scikit-image computes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import multiscale_basic_features

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import SIGMAS
from napari_garage_unet.engine.features.tensor_features import multiscale_features


@settings(max_examples=10, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.integers(1, 3), st.integers(0, 2**31))
def test_features_are_those_of_scikit_image(height, width, n_channels, seed):
    rng = np.random.default_rng(seed)
    plane = rng.random((height, width, n_channels), np.float32)
    plane[: height // 2] /= 3

    found = multiscale_features(tf.constant(plane)).numpy()

    expected = multiscale_basic_features(
        plane, channel_axis=-1, sigma_min=SIGMAS[0], sigma_max=SIGMAS[1]
    )
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4)

"""Tiles equal the whole plane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

CONFIG = PreprocessConfig()


@pytest.fixture(scope="module", params=["plain", "efficientnet_lite0"])
def network(request):
    """A network whose output depends on far pixels: random weights and statistics."""
    with seeded_weights(1):
        network = build_network(NetworkConfig(encoder=request.param, width=4), 3, 3)
    rng = np.random.default_rng(0)
    weights = network.weights()
    for name, array in weights.items():
        if "moving_variance" in name:
            weights[name] = rng.uniform(0.05, 0.2, array.shape).astype(np.float32)
        elif array.ndim == 1:
            weights[name] = array + rng.normal(0, 0.1, array.shape).astype("f4")
    network.load_state(replace(network.state(), weights=weights))
    return network


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(1)
    coarse = np.kron(rng.random((9, 11, 3)), np.ones((50, 50, 1)))
    pixels = coarse[:437, :523] + 0.3 * rng.random((437, 523, 3))
    return Image((pixels * 200).astype(np.uint8), "yxc", name="noise")


def test_tiles_equal_the_whole_plane(network, image):
    whole = Predictor(network, CONFIG, tile=1024).predict_plane(image)
    assert whole.shape == (3, 437, 523)
    np.testing.assert_allclose(whole.sum(axis=0), 1, rtol=1e-5)
    assert whole.std(axis=(1, 2)).min() > 0.01
    tiled = Predictor(network, CONFIG, tile=64).predict_plane(image)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_a_box_has_the_values_of_the_whole_plane(network, image):
    whole = Predictor(network, CONFIG, tile=1024).predict_plane(image)
    box = np.full_like(whole, np.nan)
    for y, x, tile in Predictor(network, CONFIG, tile=96).tiles(
        image, (), (101, 300, 30, 223)
    ):
        box[:, y, x] = tile
    inside = np.zeros(whole.shape[1:], bool)
    inside[101:300, 30:223] = True
    assert np.isnan(box[:, ~inside]).all()
    np.testing.assert_allclose(box[:, inside], whole[:, inside], atol=1e-3)


def test_a_coarser_result_has_the_values_at_every_second_pixel(network, image):
    whole = Predictor(network, CONFIG, tile=1024).predict_plane(image)
    for y, x, tile in Predictor(network, CONFIG, tile=96).tiles(
        image, (), (100, 301, 30, 223), step=2
    ):
        np.testing.assert_allclose(tile, whole[:, y, x][:, ::2, ::2], atol=1e-3)


@pytest.mark.parametrize("step", [4, 8])
def test_a_much_coarser_result_comes_near(network, image, step):
    whole = Predictor(network, CONFIG, tile=1024).predict_plane(image)
    box = (64, 320, 128, 437)
    ((y, x, coarse),) = Predictor(network, CONFIG, tile=1024).tiles(
        image, (), box, step=step
    )
    assert (y, x) == (slice(64, 320), slice(128, 437))
    exact = whole[:, y, x][:, ::step, ::step]
    assert coarse.shape == exact.shape
    np.testing.assert_allclose(coarse.sum(axis=0), 1, rtol=1e-5)
    assert np.abs(coarse - exact).mean() < 0.4 * np.abs(exact - exact.mean()).mean()


def test_features_computed_block_by_block_give_the_same_values(network, image):
    whole = Predictor(network, CONFIG, tile=1024).predict_plane(image)
    cache = FeatureCache(network, CONFIG, block=96, whole=0)
    in_blocks = Predictor(network, CONFIG, cache=cache, tile=128).predict_plane(image)
    np.testing.assert_allclose(in_blocks, whole, atol=1e-3)


def test_images_with_other_channels_are_refused_by_name(network):
    grey = Image(np.zeros((20, 20)), "yx", name="scan")
    with pytest.raises(InputError, match=r"scan has 1 channel and the model .* 3 ch"):
        list(Predictor(network, CONFIG).tiles(grey))


def test_images_smaller_than_the_stride_can_be_predicted(network):
    tiny = Image(np.arange(3 * 5 * 3).reshape(3, 5, 3), "yxc")
    result = Predictor(network, CONFIG).predict_plane(tiny)
    assert result.shape == (3, 3, 5)
    np.testing.assert_allclose(result.sum(axis=0), 1, rtol=1e-5)

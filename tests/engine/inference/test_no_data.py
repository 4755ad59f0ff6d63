"""Pixels without data change nothing elsewhere and belong to no class."""

from __future__ import annotations

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
    with seeded_weights(1):
        config = NetworkConfig(encoder=request.param, width=4, depth=2)
        return build_network(config, 1, 2)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).uniform(0.2, 0.7, (70, 90)).astype(np.float32)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_however_it_is_said_the_result_is_the_same(network, pixels):
    hole = np.zeros(pixels.shape, bool)
    hole[:, 60:] = hole[3, 3] = True
    results = []
    for value, said in (
        (np.nan, {}),
        (-9999, {"nodata": -9999.0}),
        (-3.4028235e38, {"nodata": -3.4028234663852886e38}),
        (0.5, {"data_mask": ~hole}),
    ):
        filled = np.where(hole, np.float32(value), pixels)
        image = Image(filled, "yx", **said)
        results.append(Predictor(network, CONFIG, tile=64).predict_plane(image))
    for result in results:
        assert not result[:, hole].any()
        np.testing.assert_allclose(result[:, ~hole].sum(axis=0), 1, rtol=1e-4)
        np.testing.assert_array_equal(result, results[0])


def test_blocks_boxes_and_steps_leave_the_same_pixels_out(network, pixels):
    pixels[:, 60:] = np.nan
    image = Image(pixels, "yx")
    whole = Predictor(network, CONFIG).predict_plane(image)
    cache = FeatureCache(network, CONFIG, block=32, whole=0)
    blocks = Predictor(network, CONFIG, cache=cache, tile=32).predict_plane(image)
    np.testing.assert_array_equal(blocks == 0, whole == 0)
    tiles = Predictor(network, CONFIG).tiles(image, (), (16, 64, 32, 90), step=2)
    for y, x, tile in tiles:
        np.testing.assert_array_equal(tile == 0, whole[:, y, x][:, ::2, ::2] == 0)


def test_a_channel_without_data_alone_makes_no_hole(pixels):
    with seeded_weights(1):
        network = build_network(NetworkConfig(encoder="plain", width=4), 2, 2)
    both = np.stack([pixels, pixels], axis=-1)
    both[:, 60:, 1] = np.nan
    both[:10, 60:] = np.nan
    result = Predictor(network, CONFIG).predict_plane(Image(both, "yxc"))
    assert not result[:, :10, 60:].any()
    np.testing.assert_allclose(result[:, 10:].sum(axis=0), 1, rtol=1e-4)


def test_an_empty_plane_of_a_stack_has_no_class_and_an_empty_image_is_refused(
    network, pixels
):
    stack = np.stack([pixels, np.full_like(pixels, np.nan)])
    predictor = Predictor(network, CONFIG)
    image = Image(stack, "zyx", name="tiles")
    assert not predictor.predict_plane(image, (1,)).any()
    assert predictor.predict_plane(image, (0,)).all()
    with pytest.raises(InputError, match="tiles has no data"):
        predictor.predict_plane(Image(stack[1], "yx", name="tiles"))

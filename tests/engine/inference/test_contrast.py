"""What planes have in common, and how it is used."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.inference.contrast import measure_contrast, planes_of
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

STACK = PreprocessConfig(contrast="stack")
TRAINING = PreprocessConfig(contrast="training")


@pytest.fixture(scope="module")
def network():
    with seeded_weights(1):
        return build_network(NetworkConfig(), 1, 2)


@pytest.fixture(scope="module")
def stack():
    """Three planes of noise, the middle one with a bright square."""
    planes = np.random.default_rng(0).normal(100, 10, (3, 64, 80))
    planes[1, 20:40, 20:40] += 400
    return Image(planes.astype(np.float32), "zyx")


def whole(cache, image, index):
    height, width = image.plane_shape
    return cache.region(image, index, slice(0, height), slice(0, width))


def test_the_range_reaches_from_the_darkest_to_the_brightest_plane(network, stack):
    found = measure_contrast(planes_of([stack]), STACK, network)
    limits = np.percentile(np.asarray(stack.data), (0.5, 99.5), axis=(1, 2))
    assert found.range.low[0] == pytest.approx(limits[0].min(), rel=1e-5)
    assert found.range.high[0] == pytest.approx(limits[1].max(), rel=1e-5)


def test_a_plane_in_its_own_contrast_is_as_by_itself(network, stack):
    image = Image(stack.plane((1,))[..., 0], "yx")
    fixed = measure_contrast([(image, ())], TRAINING, network)
    alone = whole(FeatureCache(network, PreprocessConfig()), image, ())
    cache = FeatureCache(network, TRAINING, contrast=fixed)
    for a, b in zip(whole(cache, image, ()), alone, strict=True):
        np.testing.assert_allclose(a.astype("f4"), b.astype("f4"), atol=0.05)


@pytest.mark.parametrize("config", [STACK, TRAINING])
def test_planes_without_signal_look_like_the_ground_of_the_full_one(
    network, stack, config
):
    full = measure_contrast([(stack, (1,))], TRAINING, network)
    cache = FeatureCache(network, config, contrast=full)
    dark = whole(cache, stack, (0,))
    bright = whole(cache, stack, (1,))
    alone = whole(FeatureCache(network, PreprocessConfig()), stack, (0,))
    assert dark[0].max() < 0.25 < alone[0].max()
    for empty, ground, own in list(zip(dark, bright, alone, strict=True))[1:3]:
        # Pixels and multiscale features; far from the square there is ground.
        far = ground[-6:, -6:].astype("f4").mean((0, 1))
        distance = np.abs(empty.astype("f4").mean((0, 1)) - far)
        stretched = np.abs(own.astype("f4").mean((0, 1)) - far)
        assert np.median(distance) < 0.15 < np.median(stretched)


def test_a_stack_with_little_contrast_is_scaled_as_in_training(network, stack):
    known = measure_contrast(planes_of([stack]), STACK, network)
    blank = Image(np.asarray(stack.data)[::2], "zyx")
    dim = Image(100 + 0.7 * (np.asarray(stack.data) - 100), "zyx")
    cache = FeatureCache(network, STACK, contrast=known)
    assert cache.contrast_of(blank) is known
    assert cache.contrast_of(dim).range.high[0] < 0.8 * known.range.high[0]
    assert FeatureCache(network, STACK).contrast_of(blank) is not known


def test_of_a_large_stack_some_planes_are_read(network, monkeypatch):
    monkeypatch.setattr(
        "napari_garage_unet.engine.inference.contrast.MAX_RANGE_PIXELS", 0
    )
    read = set()

    class Planes:
        shape, dtype = (100, 32, 32), np.dtype(np.uint16)

        def __getitem__(self, key):
            read.add(key[0])
            return np.arange(1024, dtype=np.uint16).reshape(32, 32)

    planes = planes_of([Image(Planes(), "zyx")])
    assert not read
    measure_contrast(planes, STACK, network)
    assert len(read) == 16
    assert {0, 99} <= read


def test_a_stack_is_measured_once(network, stack, monkeypatch):
    cache = FeatureCache(network, STACK)
    first = cache.contrast_of(stack)
    assert cache.contrast_of(stack) is first


def test_tiles_equal_the_whole_plane_in_a_fixed_contrast(network, stack):
    fixed = measure_contrast([(stack, (1,))], TRAINING, network)
    whole_plane = Predictor(network, TRAINING, contrast=fixed).predict_plane(
        stack, (0,)
    )
    cache = FeatureCache(network, TRAINING, contrast=fixed, block=32, whole=0)
    tiled = Predictor(network, TRAINING, cache=cache, tile=32)
    np.testing.assert_allclose(tiled.predict_plane(stack, (0,)), whole_plane, atol=1e-3)

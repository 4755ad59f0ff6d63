"""Features are computed once, and given up when there is no room."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.inference.feature_cache import (
    FeatureCache,
    FeatureCaches,
)
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.plain import PlainNetwork

CONFIG = PreprocessConfig()


class CountingNetwork(PlainNetwork):
    """A network that tells how often it was asked."""

    def __init__(self):
        super().__init__(NetworkConfig(encoder="plain", width=2, depth=2), 1, 2)
        self.asked = 0

    def features(self, plane, statistics):
        self.asked += 1
        return super().features(plane, statistics)


@pytest.fixture
def network():
    return CountingNetwork()


@pytest.fixture
def image():
    return Image(np.random.default_rng(0).random((2, 60, 80)), "zyx")


def region(cache, image, index=(0,), rows=slice(0, 60), columns=slice(0, 80)):
    return cache.region(image, index, rows, columns)[0]


def test_a_region_has_the_values_of_the_plane_whatever_the_blocks(network, image):
    whole = region(FeatureCache(network, CONFIG), image)
    for side in (8, 20, 32, 64):
        cache = FeatureCache(network, CONFIG, block=side, whole=0)
        part = region(cache, image, rows=slice(12, 48), columns=slice(4, 72))
        np.testing.assert_array_equal(part, whole[12:48, 4:72])


def test_only_the_blocks_that_are_needed_are_computed_and_only_once(network, image):
    cache = FeatureCache(network, CONFIG, block=20, whole=0)
    region(cache, image, rows=slice(0, 20), columns=slice(20, 60))
    assert network.asked == 2
    region(cache, image, rows=slice(4, 16), columns=slice(24, 36))
    assert network.asked == 2
    region(cache, image)
    assert network.asked == 12


def test_preparing_a_plane_leaves_nothing_to_compute(network, image):
    cache = FeatureCache(network, CONFIG, block=20, whole=0)
    turns = sum(1 for _ in cache.prepare(image, (1,)))
    assert turns == 1 + 12
    region(cache, image, (1,))
    assert network.asked == 12


def test_the_plane_that_was_asked_for_longest_ago_goes_first(network, image):
    one_plane = 2 * 60 * 80 * 4
    cache = FeatureCache(network, CONFIG, room=one_plane + 10)
    region(cache, image, (0,))
    region(cache, image, (1,))
    region(cache, image, (1,))
    assert network.asked == 2
    region(cache, image, (0,))
    assert network.asked == 3


def test_a_plane_larger_than_the_room_is_still_given(network, image):
    cache = FeatureCache(network, CONFIG, room=100)
    first = region(cache, image)
    np.testing.assert_array_equal(region(cache, image), first)
    assert network.asked == 2


def test_another_image_is_never_taken_for_one_that_has_gone(network):
    cache = FeatureCache(network, CONFIG)
    for value in range(5):
        pixels = np.zeros((8, 8), np.uint8)
        pixels[value] = 255
        rows = columns = slice(0, 8)
        assert region(cache, Image(pixels, "yx"), (), rows, columns)[value].all()


def test_stores_outlive_a_training_of_the_same_kind(network):
    caches = FeatureCaches()
    first = caches.get(network, CONFIG)
    assert caches.get(CountingNetwork(), CONFIG) is first
    assert caches.get(network, PreprocessConfig(gamma=0.5)) is not first

"""Prefetch computes the features of open images, and then rests."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import default_preprocess
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.process.server.prefetch import Prefetch


class FakeRegistry:
    """A registry with a list of images."""

    def __init__(self, *images):
        self.open = list(images)

    def images(self):
        return list(self.open)


def play(prefetch):
    """Count the turns until there is nothing left to do."""
    turns = 0
    while prefetch.has_more():
        prefetch.advance()
        turns += 1
        assert turns < 50
    return turns


def make_image(**kwargs):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    return Image(pixels, "yxc", **kwargs)


def test_features_of_an_open_image_are_there_when_training_begins(monkeypatch):
    image, caches = make_image(), FeatureCaches()
    play(Prefetch(FakeRegistry(image), caches))
    network = build_network(NetworkConfig(), 3, 5)
    cache = caches.get(network, default_preprocess(image))

    def refuse(*args):
        raise AssertionError("computed again")

    monkeypatch.setattr(cache.network, "features", refuse)
    feature_maps = cache.region(image, (), slice(0, 64), slice(0, 48))
    assert feature_maps[0].shape == (64, 48, 3)


def test_an_idle_engine_rests_until_another_image_comes():
    registry = FakeRegistry(make_image())
    prefetch = Prefetch(registry, FeatureCaches())
    assert play(prefetch) > 1
    assert not prefetch.has_more()
    registry.open.append(make_image())
    assert play(prefetch) > 1


def test_stacks_wait_until_it_is_known_which_planes_matter():
    stack = Image(np.zeros((40, 64, 64)), "zyx")
    assert play(Prefetch(FakeRegistry(stack), FeatureCaches())) == 1


def test_an_image_that_cannot_be_read_is_passed_over_after_one_error():
    prefetch = Prefetch(
        FakeRegistry(Image(np.full((32, 32), np.nan), "yx")), FeatureCaches()
    )
    with pytest.raises(InputError, match="finite"):
        prefetch.advance()
    assert not prefetch.has_more()

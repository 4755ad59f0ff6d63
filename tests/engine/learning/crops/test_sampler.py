"""Crops: where the strokes are, every class as often as the others."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.learning.crops.sampler import CropSampler, vary_crop
from napari_garage_unet.engine.learning.training_plane import TrainingPlane


def make_plane(shape=(96, 128), strides=(1, 4)):
    """A plane whose feature maps are the positions of their pixels."""
    targets = np.zeros(shape, np.int32)
    targets[10:60, 10:60] = 1
    targets[80, 100:103] = 2
    y, x = np.indices(shape)
    image = np.stack([y, x], -1).astype(np.float32)

    def region(rows, columns):
        return tuple(image[rows, columns][::s, ::s] for s in strides)

    return TrainingPlane(targets, region)


def make_sampler(side=32):
    return CropSampler(
        [make_plane()],
        side=side,
        stride=16,
        rng=np.random.default_rng(0),
    )


def test_feature_maps_and_targets_show_the_same_place():
    batch = make_sampler().draw(20, augment=False)
    plane = make_plane()
    for fine, coarse, targets in zip(*batch.feature_maps, batch.targets, strict=True):
        y, x = fine[0, 0].astype(int)
        assert y % 16 == 0
        assert x % 16 == 0
        np.testing.assert_array_equal(coarse, fine[::4, ::4])
        np.testing.assert_array_equal(targets, plane.targets[y : y + 32, x : x + 32])


def test_every_crop_has_strokes_and_rare_classes_are_as_frequent():
    batch = make_sampler().draw(400, augment=False)
    assert (batch.targets > 0).any(axis=(1, 2)).all()
    share = (batch.targets == 2).any(axis=(1, 2)).mean()
    assert 0.4 < share < 0.6


def test_crops_are_cut_down_to_small_planes():
    sampler = make_sampler(side=500)
    assert sampler.side == 96
    assert sampler.draw(1, augment=False).targets.shape == (1, 96, 96)


def test_the_same_seed_draws_the_same_crops():
    first, second = make_sampler().draw(5), make_sampler().draw(5)
    np.testing.assert_array_equal(first.targets, second.targets)
    np.testing.assert_array_equal(first.feature_maps[0], second.feature_maps[0])


def test_variations_turn_image_and_targets_alike():
    targets = np.arange(64).reshape(8, 8).astype(np.int32)
    image = (targets[..., None] / 64).astype(np.float32)
    rng = np.random.default_rng(0)
    turned = 0
    for _ in range(30):
        (varied,), new = vary_crop((image,), targets, rng)
        order = varied[..., 0].ravel()[np.argsort(new.ravel())]
        assert (np.diff(order) > 0).all()
        turned += not np.array_equal(new, targets)
        assert varied.dtype == np.float32
    assert turned > 20


def test_batches_are_float32_and_int32():
    batch = make_sampler().draw(2)
    assert [feature_map.dtype for feature_map in batch.feature_maps] == [np.float32] * 2
    assert batch.targets.dtype == np.int32

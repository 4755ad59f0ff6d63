"""Steps on patches see them in all eight orientations."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.compute.backend import seeded_weights, tf
from napari_garage_unet.engine.learning.pixels.distillation_steps import (
    DistillationSteps,
    in_all_orientations,
)
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.patch_network import PATCH_SIDE_PIXELS


def test_patches_are_turned_and_flipped_in_eight_ways():
    patch = np.arange(9, dtype=np.float32).reshape(3, 3, 1)
    seen = in_all_orientations(np.stack([patch] * 8)).numpy()[..., 0]
    expected = {
        tuple(np.rot90(p, turns).ravel())
        for p in (patch[..., 0], patch[:, ::-1, 0])
        for turns in range(4)
    }
    assert {tuple(p.ravel()) for p in seen} == expected


def test_steps_teach_bright_patches_from_dark_ones():
    with seeded_weights(0):
        network = build_network(NetworkConfig(), 1, 2)
    patch_network = network.patch_network

    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 400)
    patches = (
        rng.normal(0, 0.3, (400, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, 1))
        + classes[:, None, None, None]
    )
    patches = tf.constant(patches, tf.float32)
    targets = tf.one_hot(classes, 2)
    steps = DistillationSteps(patch_network)
    losses = [
        steps.take(patches, targets, rng.integers(0, 400, 64, np.int32), rate=2e-3)
        for _ in range(60)
    ]
    assert losses[-1] < 0.3 * losses[0]
    found = patch_network.at_patches(patches).numpy().argmax(axis=1)
    assert (found == classes).mean() > 0.97

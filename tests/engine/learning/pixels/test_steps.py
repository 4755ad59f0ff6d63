"""Steps on single pixels: what they teach, and what decoders share."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import seeded_weights, tf
from napari_garage_unet.engine.features.feature_maps import FeatureMapSpec
from napari_garage_unet.engine.learning.pixels import steps as steps_module
from napari_garage_unet.engine.learning.pixels.steps import PixelSteps
from napari_garage_unet.engine.networks.decoder import Decoder

FEATURE_MAPS = (FeatureMapSpec(2, 0.0, 6, "sharp"),)


@pytest.mark.parametrize("members", [1, 3])
def test_steps_teach_every_member(members):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 6)).astype(np.float32)
    numbers = (features[:, 0] + features[:, 1] > 0).astype(int)
    with seeded_weights(0):
        decoder = Decoder(FEATURE_MAPS, 2, members=members)
    steps = PixelSteps(decoder, rng)
    wanted = tf.one_hot(numbers, 2)
    for _ in range(150):
        pixels = rng.integers(0, 400, (members, 64), dtype=np.int32)
        loss = steps.take(tf.constant(features), wanted, pixels, rate=5e-3)
    found = decoder.logits_at_pixels(features[np.newaxis]).numpy().argmax(axis=-1)
    assert found.shape == (members, 400)
    assert ((found == numbers).mean(axis=1) > 0.93).all()
    assert 0 < loss < 0.5


def take_some(decoder, seed, n=3):
    rng = np.random.default_rng(seed)
    steps = PixelSteps(decoder, rng)
    features = np.random.default_rng(9).normal(size=(50, 6)).astype(np.float32)
    wanted = tf.one_hot(np.arange(50) % 2, 2)
    losses = []
    for _ in range(n):
        pixels = rng.integers(0, 50, (decoder.members, 16), dtype=np.int32)
        losses.append(steps.take(tf.constant(features), wanted, pixels, rate=1e-2))
    return losses


def refuse(*args, **kwargs):
    pytest.fail("The step was traced again.")


def test_decoders_of_a_kind_share_their_trace_and_nothing_else(monkeypatch):
    decoders = []
    for _ in range(3):
        with seeded_weights(5):
            decoders.append(Decoder(FEATURE_MAPS, 2))
    one, other, another = decoders
    before = one.kernels[0].numpy()
    losses = take_some(one, 0)
    np.testing.assert_array_equal(other.kernels[0], before)
    # A trace runs the Python code of the decoder; a second decoder needs none.
    monkeypatch.setattr(
        steps_module, "logits_at_pixels", lambda *a, **k: pytest.fail("traced")
    )
    assert take_some(other, 0) == losses
    np.testing.assert_array_equal(other.kernels[0], one.kernels[0])
    assert take_some(another, 1) != losses


def test_noise_is_another_one_in_each_step():
    with seeded_weights(0):
        decoder = Decoder(FEATURE_MAPS, 2, members=1)
    steps = PixelSteps(decoder, np.random.default_rng(0))
    features, wanted = tf.ones((4, 6)), tf.one_hot([0, 0, 0, 0], 2)
    pixels = np.zeros((1, 512), np.int32)
    losses = [steps.take(features, wanted, pixels, rate=0.0) for _ in range(20)]
    assert len(set(losses)) == 20
    # Noise costs a sure decoder more than this one, which is uncertain.
    clean = decoder.logits_at_pixels(features[np.newaxis])
    expected = tf.nn.softmax_cross_entropy_with_logits(wanted, clean[0]).numpy().mean()
    assert np.mean(losses) == pytest.approx(expected, rel=0.1)

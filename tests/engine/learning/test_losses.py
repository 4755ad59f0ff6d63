"""Unlabelled pixels do not exist, and every class weighs the same."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.learning.losses import balanced_cross_entropy


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)


def reference(logits, targets):
    """The same, pixel by pixel."""
    of_class = {}
    for z, t in zip(logits.reshape(-1, 3), targets.ravel(), strict=True):
        if t:
            p = np.exp(z - z.max())
            of_class.setdefault(t, []).append(-np.log(p[t - 1] / p.sum()))
    return np.mean([np.mean(losses) for losses in of_class.values()])


def test_loss_is_the_mean_over_classes_of_their_mean_cross_entropy(logits):
    targets = np.random.default_rng(1).integers(0, 4, (2, 5, 4)).astype(np.int32)
    loss = float(balanced_cross_entropy(logits, targets))
    assert loss == pytest.approx(reference(logits, targets), rel=1e-5)


def test_unlabelled_pixels_change_neither_loss_nor_gradient(logits):
    targets = np.zeros((2, 5, 4), np.int32)
    targets[0, 0] = [1, 2, 3, 1]
    other = logits.copy()
    other[targets == 0] = 1e4
    results = []
    for values in (logits, other):
        variable = tf.Variable(values)
        with tf.GradientTape() as tape:
            loss = balanced_cross_entropy(variable, targets)
        gradient = tape.gradient(loss, variable).numpy()
        assert not gradient[targets == 0].any()
        results.append((float(loss), gradient[targets > 0]))
    assert results[0][0] == pytest.approx(results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1])


def test_a_batch_without_a_label_has_no_loss_and_no_gradient(logits):
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = balanced_cross_entropy(variable, np.zeros((2, 5, 4), np.int32))
    assert float(loss) == 0
    assert not tape.gradient(loss, variable).numpy().any()


def test_label_smoothing_punishes_certainty(logits):
    targets = np.full((2, 5, 4), 1, np.int32)
    certain = np.zeros_like(logits)
    certain[..., 0] = 50
    assert float(balanced_cross_entropy(certain, targets)) == pytest.approx(0, abs=1e-6)
    smoothed = balanced_cross_entropy(certain, targets, label_smoothing=0.1)
    assert float(smoothed) == pytest.approx(50 * 0.1 * 2 / 3, rel=1e-4)

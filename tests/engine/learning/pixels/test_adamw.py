"""AdamW with its state as an argument: the steps of Keras, traced once."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.compute.backend import keras, tf
from napari_garage_unet.engine.learning.pixels.adamw import WEIGHT_DECAY, AdamW, update


def variables():
    rng = np.random.default_rng(0)
    shapes = ((3, 4), (5,))
    return [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in shapes]


def test_it_takes_the_steps_of_keras():
    ours, theirs = variables(), variables()
    adamw = AdamW(ours)
    optimizer = keras.optimizers.AdamW(weight_decay=WEIGHT_DECAY)
    optimizer.build(theirs)
    rng = np.random.default_rng(1)
    for rate in (1e-2, 3e-3, 1e-3):
        gradients = [tf.constant(rng.normal(size=v.shape), tf.float32) for v in ours]
        update(adamw.state, gradients, tf.constant(adamw.rates(rate)))
        optimizer.learning_rate.assign(rate)
        optimizer.apply(gradients, theirs)
    before = variables()
    for our, their, first in zip(ours, theirs, before, strict=True):
        np.testing.assert_allclose(our.numpy(), their.numpy(), atol=1e-6)
        assert np.abs(our.numpy() - first.numpy()).min() > 1e-3


def test_a_second_network_of_the_kind_needs_no_trace():
    traced = []

    @tf.function
    def pull(state, rates):
        traced.append(1)
        update(state, state[0], rates)

    one, other = AdamW(variables()), AdamW(variables())
    untouched = other.state[0][0].numpy()
    pull(one.state, one.rates(1e-2))
    np.testing.assert_array_equal(other.state[0][0], untouched)
    pull(other.state, other.rates(1e-2))
    assert len(traced) == 1
    np.testing.assert_array_equal(one.state[0][0], other.state[0][0])
    assert (one.state[0][0].numpy() != untouched).all()

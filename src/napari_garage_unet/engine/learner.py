"""One gradient step after the other, and the average of where they lead."""

from __future__ import annotations

from typing import Any

from .backend import keras, tf
from .losses import balanced_cross_entropy
from .network import Network, build_network
from .sampling import Batch

AVERAGING = 0.98
"""Share of the averaged weights that stays at each step."""


class Learner:
    """Trains a network's head and keeps an average of its weights.

    The average (Polyak and Juditsky 1992) moves smoothly where single steps jump, so
    previews do not flicker and training may be stopped at any step.

    Parameters
    ----------
    network
        Its head is trained in place.
    learning_rate
        Of Adam.
    """

    def __init__(self, network: Network, *, learning_rate: float) -> None:
        self.network = network
        self.averaged = build_network(
            network.config, network.n_channels, network.n_classes
        )
        self.averaged.set_weights(network.weights())
        self._optimizer = keras.optimizers.Adam(learning_rate)
        self._optimizer.build(network.head.trainable_variables)
        self._count = tf.Variable(0.0, trainable=False)
        # Keras functional models keep their own shapes; with None for batch, height
        # and width a single trace serves every crop.
        taps = tuple(
            tf.TensorSpec((None, *tensor.shape[1:]), tf.float32)
            for tensor in network.head.inputs
        )
        self._step = tf.function(
            self._take_step,
            input_signature=(taps, tf.TensorSpec((None, None, None), tf.int32)),
        )

    def step(self, batch: Batch) -> float:
        """Take one step on a batch of crops and return its loss."""
        taps = tuple(tf.convert_to_tensor(tap) for tap in batch.taps)
        return float(self._step(taps, tf.convert_to_tensor(batch.targets)))

    def _take_step(self, taps: tuple[Any, ...], targets: Any) -> Any:
        head = self.network.head
        with tf.GradientTape() as tape:
            logits = head(taps[0] if len(taps) == 1 else list(taps), training=True)
            loss = balanced_cross_entropy(logits, targets)
        variables = head.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        self._count.assign_add(1.0)
        # Early on the average would be mostly the random start; follow faster then.
        keep = tf.minimum(AVERAGING, self._count / (10.0 + self._count))
        for average, new in zip(self.averaged.head.weights, head.weights, strict=True):
            average.assign(keep * average + (1 - keep) * tf.convert_to_tensor(new))
        return loss

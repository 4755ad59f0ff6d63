"""Teaching the plain U-Net on crops, and the average of where its steps lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .backend import keras, tf
from .config import TrainingConfig
from .losses import balanced_cross_entropy
from .network import Network, build_network
from .sampling import CropSampler, TrainingPlane

AVERAGING = 0.98
"""Share of the averaged weights that stays at each step."""


class CropLearner:
    """Trains a network's head and keeps an average of its weights.

    The average (Polyak and Juditsky 1992) moves smoothly where single steps jump, so
    previews do not flicker and training may be stopped at any step.

    Parameters
    ----------
    network
        Its head is trained in place.
    config
        Learning rate of Adam, size and number of the crops, and the seed.

    Attributes
    ----------
    predicting
        The averaged network.
    settled
        Never: crops always differ.
    """

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        self.network = network
        self.settled = False
        self.predicting = build_network(
            network.config, network.n_channels, network.n_classes
        )
        self.predicting.set_weights(network.weights())
        self._config = config
        self._rng = np.random.default_rng(config.seed)
        self._sampler: CropSampler | None = None
        self._optimizer = keras.optimizers.Adam(config.learning_rate)
        self._optimizer.build(network.head.trainable_variables)
        self._count = tf.Variable(0.0, trainable=False)
        # With None for batch, height and width a single trace serves every crop.
        taps = tuple(
            tf.TensorSpec((None, *tensor.shape[1:]), tf.float32)
            for tensor in network.head.inputs
        )
        self._step = tf.function(
            self._take_step,
            input_signature=(taps, tf.TensorSpec((None, None, None), tf.int32)),
        )

    @property
    def judge(self) -> Network | None:
        """The averaged network, which has not learnt from held-out strokes."""
        return self.predicting

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Learn from what is not held out in these planes from the next step on."""
        learnt = [plane.without_held_out() for plane in planes]
        self._sampler = CropSampler(
            [plane for plane in learnt if plane.targets.any()],
            side=self._config.crop,
            stride=self.network.stride,
            rng=self._rng,
        )

    def step(self) -> float:
        """Take one step on a batch of crops and return its loss."""
        assert self._sampler is not None, "prepare() comes first"
        batch = self._sampler.draw(self._config.batch, augment=self._config.augment)
        return float(self._step(batch.taps, batch.targets))

    def _take_step(self, taps: tuple[Any, ...], targets: Any) -> Any:
        head = self.network.head
        with tf.GradientTape() as tape:
            logits = head(taps[0], training=True)
            loss = balanced_cross_entropy(logits, targets)
        variables = head.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        self._count.assign_add(1.0)
        # Early on the average would be mostly the random start; follow faster then.
        keep = tf.minimum(AVERAGING, self._count / (10.0 + self._count))
        for average, new in zip(
            self.predicting.head.weights, head.weights, strict=True
        ):
            average.assign(keep * average + (1 - keep) * tf.convert_to_tensor(new))
        return loss

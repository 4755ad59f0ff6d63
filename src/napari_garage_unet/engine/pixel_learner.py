"""Teaching the decoder on the stroke pixels.

The features of all stroke pixels are joined once; a step draws some of them for each
member, every class as often as the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import keras, tf
from .decoder import MEMBERS, gather_pixels
from .inference import widen
from .network import Network
from .sampling import TrainingPlane

BATCH = 256
"""Stroke pixels per member and step."""

ROUND = 300
"""Steps from the first, careful one to the last, small one."""

WARM_UP = 0.1
"""Share of a round in which the rate rises."""

WEIGHT_DECAY = 1e-4
LABEL_SMOOTHING = 0.05

BLOCK = 256
"""Side in pixels of the parts of a plane whose features are looked at together."""


class PixelLearner:
    """Trains the decoder of a pretrained network.

    Parameters
    ----------
    network
        Its head is trained in place.
    learning_rate
        Highest rate of AdamW (Loshchilov and Hutter 2019); it rises, then falls along
        a cosine in each round.
    seed
        Of the draws.
    """

    def __init__(self, network: Network, *, learning_rate: float, seed: int) -> None:
        self.network = network
        self.predicting = network
        self._rate = learning_rate
        self._rng = np.random.default_rng(seed)
        self._optimizer = keras.optimizers.AdamW(
            learning_rate, weight_decay=WEIGHT_DECAY
        )
        self._optimizer.build(network.head.trainable_variables)
        self._taken = 0
        self._features: Any = None
        self._step = tf.function(
            self._take_step,
            input_signature=[
                tf.TensorSpec((None, len(network.head.scale)), tf.float32),
                tf.TensorSpec((None,), tf.int32),
                tf.TensorSpec((MEMBERS, None), tf.int32),
            ],
        )

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Join the features of all labelled pixels; begin a new round.

        Parameters
        ----------
        planes
            With at least one labelled pixel between them.
        """
        features, targets = [], []
        for plane in planes:
            for block in stroked_blocks(plane.targets, self.network.stride):
                here = plane.targets[block.rows, block.columns]
                y, x = np.nonzero(here)
                _, *taps = plane.region(block.seen_rows, block.seen_columns)
                y_seen = y + block.rows.start - block.seen_rows.start
                x_seen = x + block.columns.start - block.seen_columns.start
                specs = self.network.head.taps
                features.append(gather_pixels(taps, specs, y_seen, x_seen))
                targets.append(here[y, x] - 1)
        joined = np.concatenate(targets)
        self._features = tf.constant(np.concatenate(features))
        self._targets = tf.constant(joined, tf.int32)
        shares = 1 / np.bincount(joined)[joined]
        self._cumulated = np.cumsum(shares / shares.sum())
        self._taken = 0

    def step(self) -> float:
        """Take one step and return its loss."""
        progress = self._taken / ROUND
        self._optimizer.learning_rate.assign(self._rate * rate_factor(progress))
        drawn = np.searchsorted(self._cumulated, self._rng.random((MEMBERS, BATCH)))
        pixels = np.minimum(drawn, len(self._cumulated) - 1).astype(np.int32)
        self._taken += 1
        return float(self._step(self._features, self._targets, pixels))

    @property
    def settled(self) -> bool:
        """Whether a round is complete and nothing has changed since."""
        return self._taken >= ROUND

    def _take_step(self, features: Any, targets: Any, pixels: Any) -> Any:
        head = self.network.head
        chosen = tf.gather(features, pixels)
        wanted = tf.one_hot(tf.gather(targets, pixels), self.network.n_classes)
        wanted = wanted * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / wanted.shape[-1]
        with tf.GradientTape() as tape:
            logits = head.at_pixels(chosen, training=True)
            losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
            # The members are independent: each is to have the gradient it would
            # have on its own.
            loss = tf.reduce_mean(losses)
            total = loss * MEMBERS
        variables = head.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        return loss


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a plane, and what has to be seen to interpolate in it."""

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice


def stroked_blocks(targets: NDArray[np.int32], stride: int) -> Iterator[Block]:
    """Find the blocks of a padded plane that have labelled pixels.

    Parameters
    ----------
    targets
        ``(H, W)``, 0 is unlabelled.
    stride
        Of the deepest tap; a block sees one of its cells farther than it reaches.
    """
    height, width = targets.shape
    for top in range(0, height, BLOCK):
        for left in range(0, width, BLOCK):
            rows = slice(top, min(top + BLOCK, height))
            columns = slice(left, min(left + BLOCK, width))
            if targets[rows, columns].any():
                yield Block(
                    rows,
                    columns,
                    slice(*widen(rows, stride, stride, height)),
                    slice(*widen(columns, stride, stride, width)),
                )


def rate_factor(progress: float) -> float:
    """Share of the highest learning rate at a share of a round.

    Rises linearly, falls along a cosine, and stays at a hundredth.
    """
    rise = min(1.0, (progress + 1e-3) / WARM_UP)
    fallen = min(max(0.0, (progress - WARM_UP) / (1 - WARM_UP)), 1.0)
    return rise * (0.5 * (1 + float(np.cos(np.pi * fallen))) + 0.01)

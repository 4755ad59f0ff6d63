"""Steps of a decoder on single pixels, and at what rate they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import keras, tf
from .decoder import Decoder

WARM_UP = 0.1
"""Share of a round in which the rate rises."""

WEIGHT_DECAY = 1e-4

MIXING = 0.4
"""Parameter of the beta distribution of the shares in which pixels are mixed."""

Floats = NDArray[np.float32]


class PixelSteps:
    """Takes steps of AdamW (Loshchilov and Hutter 2019).

    Each pixel is mixed with another one of the same step, features and answers in the
    same share (mixup, Zhang et al. 2018, arXiv:1710.09412). A few strokes lie far
    apart in the space of features; this teaches what is between them.

    Parameters
    ----------
    head
        The decoder that is trained in place.
    rng
        Draws the shares and the noise.
    """

    def __init__(self, head: Decoder, rng: np.random.Generator) -> None:
        self._head = head
        self._rng = rng
        self._seed = int(rng.integers(2**30))
        self._optimizer = keras.optimizers.AdamW(weight_decay=WEIGHT_DECAY)
        self._optimizer.build(head.trainable_variables)
        self._step = tf.function(
            self._take,
            input_signature=[
                tf.TensorSpec((None, head.n_features), tf.float32),
                tf.TensorSpec((None, head.n_classes), tf.float32),
                tf.TensorSpec((head.members, None), tf.int32),
                tf.TensorSpec((head.members, None, 1), tf.float32),
            ],
        )

    def take(
        self, features: Any, wanted: Any, pixels: NDArray[np.int32], *, rate: float
    ) -> float:
        """Take a step and return its loss.

        Parameters
        ----------
        features
            ``(n, n_features)`` float32 tensor.
        wanted
            ``(n, n_classes)`` float32 tensor, the answers; they sum to 1.
        pixels
            ``(members, batch)``, which pixels each member learns from.
        rate
            Learning rate.
        """
        self._optimizer.learning_rate.assign(rate)
        shares = self._rng.beta(MIXING, MIXING, (*pixels.shape, 1)).astype(np.float32)
        larger = np.maximum(shares, 1 - shares)
        return float(self._step(features, wanted, pixels, larger))

    def _take(self, features: Any, wanted: Any, pixels: Any, shares: Any) -> Any:
        head = self._head

        def mix(values: Any) -> Any:
            return shares * values + (1 - shares) * tf.roll(values, 1, axis=1)

        mixed, answers = (mix(tf.gather(v, pixels)) for v in (features, wanted))
        with tf.GradientTape() as tape:
            logits = head.at_pixels(mixed, seed=self._seed)
            losses = tf.nn.softmax_cross_entropy_with_logits(answers, logits)
            # The members are independent: each is to have the gradient it would
            # have on its own.
            loss = tf.reduce_mean(losses)
            total = loss * head.members
        variables = head.trainable_variables
        self._optimizer.apply(tape.gradient(total, variables), variables)
        return loss


def rate_factor(progress: float, *, rises: bool = True) -> float:
    """Share of the highest learning rate at a share of a round.

    Rises linearly, which what has begun to learn does not need again, falls along a
    cosine, and stays at a hundredth.
    """
    rise = min(1.0, (progress + 1e-3) / WARM_UP) if rises else 1.0
    fallen = min(max(0.0, (progress - WARM_UP) / (1 - WARM_UP)), 1.0)
    return rise * (0.5 * (1 + float(np.cos(np.pi * fallen))) + 0.01)


class BalancedDraw:
    """Draws pixels with given weights, quickly.

    Parameters
    ----------
    weights
        ``(n,)``, not negative, not all 0.
    """

    def __init__(self, weights: NDArray[np.floating[Any]]) -> None:
        self._numbers = np.flatnonzero(weights).astype(np.int32)
        self._cumulated = np.cumsum(weights[self._numbers], dtype=np.float64)
        self._cumulated /= self._cumulated[-1]

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...]
    ) -> NDArray[np.int32]:
        """Draw numbers of pixels, the same one as often as it comes."""
        drawn = np.searchsorted(self._cumulated, rng.random(shape), side="right")
        found: NDArray[np.int32] = self._numbers[
            np.minimum(drawn, len(self._numbers) - 1)
        ]
        return found

"""Steps of a decoder on single pixels, and at what rate they are taken."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import FeatureMapSpec
from napari_garage_unet.engine.networks.decoder import Decoder
from napari_garage_unet.engine.networks.decoder_ops import (
    WIDTHS,
    at_pixels,
    group_scales,
    project_last_member,
)

from .adamw import AdamW, update
from .noise import SPARE, drawn_mask, drawn_noise, stretch

MOST_BATCH = 1024
"""Pixels per member and step."""

INPUT_NOISE = 0.1
INPUT_DROPOUT = 0.1
DROPOUT = 0.2

PLACES = 2 + len(WIDTHS)
"""Stretches of noise and of masks that a step takes."""

MIXING = 0.4
"""Parameter of the beta distribution of the shares in which pixels are mixed."""

Floats = NDArray[np.float32]


class PixelSteps:
    """Takes steps of AdamW on a decoder.

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
        self._adamw = AdamW([*head.kernels, *head.biases])
        self._step = _step_of(head.feature_maps, head.members)
        # With any number of pixels; traced only for the first decoder of a kind.
        self._step.get_concrete_function(
            tf.TensorSpec((None, head.n_features)),
            tf.TensorSpec((None, head.n_classes)),
            tf.TensorSpec((head.members, None), tf.int32),
            tf.TensorSpec((head.members, None, 1)),
            tf.TensorSpec((PLACES,)),
            tf.TensorSpec((3,)),
            tf.TensorSpec(head.state.projection.shape),
            self._adamw.state,
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
            ``(members, batch)``, which pixels each member learns from; not more than
            `MOST_BATCH`.
        rate
            Learning rate.
        """
        class_proportions = self._rng.beta(MIXING, MIXING, (*pixels.shape, 1)).astype(
            np.float32
        )
        loss = self._step(
            features,
            wanted,
            pixels,
            np.maximum(class_proportions, 1 - class_proportions),
            self._rng.random(PLACES, np.float32),
            self._adamw.rates(rate),
            self._head.state.projection,
            self._adamw.state,
        )
        return float(loss)


@cache
def _step_of(feature_maps: tuple[FeatureMapSpec, ...], members: int) -> Any:
    """Return the function that takes a step on any decoder of a kind."""
    scale = group_scales(feature_maps)
    size = SPARE * MOST_BATCH * members
    noise = drawn_noise(size * len(scale))
    mask = drawn_mask(size * len(scale), INPUT_DROPOUT)
    hidden_mask = drawn_mask(size * max(WIDTHS), DROPOUT)

    def step(
        features: Any,
        wanted: Any,
        pixels: Any,
        class_proportions: Any,
        places: Any,
        rates: Any,
        projection: Any,
        state: Any,
    ) -> Any:
        place = iter(tf.unstack(places))

        def mix(values: Any) -> Any:
            return class_proportions * values + (1 - class_proportions) * tf.roll(
                values, 1, axis=1
            )

        def take(drawn: Any, x: Any) -> Any:
            return stretch(drawn, next(place), tf.shape(x))

        mixed, answers = (mix(tf.gather(v, pixels)) for v in (features, wanted))
        x = mixed * scale
        x += INPUT_NOISE * take(noise, x)
        x *= take(mask, x)
        variables = state[0]
        half = len(variables) // 2
        kernels, biases = variables[:half], variables[half:]
        with tf.GradientTape() as tape:
            logits = at_pixels(
                x,
                project_last_member(kernels, projection),
                biases,
                drop=lambda hidden: hidden * take(hidden_mask, hidden),
            )
            losses = tf.nn.softmax_cross_entropy_with_logits(answers, logits)
            # The members are independent: each is to have the gradient it would
            # have on its own.
            loss = tf.reduce_mean(losses)
            total = loss * members
        update(state, tape.gradient(total, variables), rates)
        return loss

    return tf.function(step)

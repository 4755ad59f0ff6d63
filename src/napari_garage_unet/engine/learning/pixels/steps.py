"""Steps of a decoder on single pixels, with mixup, feature noise and dropout."""

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
    group_scales,
    logits_at_pixels,
    project_last_member,
)

from .adamw import AdamW, update
from .noise import RESERVED_STEPS, drawn_mask, drawn_noise, stretch

MAX_PIXELS_PER_STEP = 1024
"""Pixels per member and step."""

INPUT_NOISE_STD = 0.1
"""Standard deviation of the noise on scaled features."""

INPUT_DROPOUT = 0.1
"""Share of the scaled features that is dropped, 0 to 1."""

DROPOUT = 0.2
"""Share of the hidden units that is dropped, 0 to 1."""

N_OFFSETS = 2 + len(WIDTHS)
"""Stretches of noise and of masks that a step takes."""

MIXUP_ALPHA = 0.4
"""Both parameters of the beta distribution of the shares in which pixels are mixed."""

Floats = NDArray[np.float32]


class PixelSteps:
    """Takes steps of AdamW on a decoder.

    Each pixel is mixed with another one of the same step, features and targets in the
    same share (mixup, Zhang et al. 2018, arXiv:1710.09412): the pixels of a few strokes
    lie far apart in the space of features, and mixtures lie between them.

    Parameters
    ----------
    head
        Decoder that is trained in place.
    rng
        Draws the shares and the offsets of noise and masks.
    """

    def __init__(self, head: Decoder, rng: np.random.Generator) -> None:
        self._head = head
        self._rng = rng
        self._adamw = AdamW([*head.kernels, *head.biases])
        self._step = _step_of(head.specs, head.members)
        # With any number of pixels; traced only for the first decoder of a kind.
        self._step.get_concrete_function(
            tf.TensorSpec((None, head.n_features)),
            tf.TensorSpec((None, head.n_classes)),
            tf.TensorSpec((head.members, None), tf.int32),
            tf.TensorSpec((head.members, None, 1)),
            tf.TensorSpec((N_OFFSETS,)),
            tf.TensorSpec((3,)),
            tf.TensorSpec(head.state.projection.shape),
            self._adamw.state,
        )

    def take(
        self, features: Any, targets: Any, pixels: NDArray[np.int32], *, rate: float
    ) -> float:
        """Take a step and return its loss.

        Parameters
        ----------
        features
            ``(n, n_features)`` float32 tensor.
        targets
            ``(n, n_classes)`` float32 tensor; each row sums to 1.
        pixels
            ``(members, batch)``, which rows each member learns from; the batch is not
            larger than `MAX_PIXELS_PER_STEP`.
        rate
            Learning rate.
        """
        shares = self._rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, (*pixels.shape, 1)).astype(
            np.float32
        )
        loss = self._step(
            features,
            targets,
            pixels,
            np.maximum(shares, 1 - shares),
            self._rng.random(N_OFFSETS, np.float32),
            self._adamw.rates(rate),
            self._head.state.projection,
            self._adamw.state,
        )
        return float(loss)


@cache
def _step_of(specs: tuple[FeatureMapSpec, ...], members: int) -> Any:
    """Return the function that takes a step on any decoder of a kind."""
    scale = group_scales(specs)
    size = RESERVED_STEPS * MAX_PIXELS_PER_STEP * members
    noise = drawn_noise(size * len(scale))
    mask = drawn_mask(size * len(scale), INPUT_DROPOUT)
    hidden_mask = drawn_mask(size * max(WIDTHS), DROPOUT)

    def step(
        features: Any,
        targets: Any,
        pixels: Any,
        shares: Any,
        offsets: Any,
        rates: Any,
        projection: Any,
        state: Any,
    ) -> Any:
        offset = iter(tf.unstack(offsets))

        def mix(values: Any) -> Any:
            return shares * values + (1 - shares) * tf.roll(values, 1, axis=1)

        def take(drawn: Any, x: Any) -> Any:
            return stretch(drawn, next(offset), tf.shape(x))

        mixed, mixed_targets = (mix(tf.gather(v, pixels)) for v in (features, targets))
        x = mixed * scale
        x += INPUT_NOISE_STD * take(noise, x)
        x *= take(mask, x)
        variables = state[0]
        half = len(variables) // 2
        kernels, biases = variables[:half], variables[half:]
        with tf.GradientTape() as tape:
            logits = logits_at_pixels(
                x,
                project_last_member(kernels, projection),
                biases,
                drop=lambda hidden: hidden * take(hidden_mask, hidden),
            )
            losses = tf.nn.softmax_cross_entropy_with_logits(mixed_targets, logits)
            # The members are independent: each has the gradient it would have alone.
            loss = tf.reduce_mean(losses)
            total = loss * members
        update(state, tape.gradient(total, variables), rates)
        return loss

    return tf.function(step)

"""Noise and dropout whose values were drawn before.

To draw a normal number for every feature of every pixel takes longer than all else in
a step. So they are drawn once, more than a step needs, and each step takes a stretch
of them that begins anywhere.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf

SPARE = 2
"""Values that are drawn, for each one that a step needs at the most."""

Tensor = Any


@cache
def drawn_noise(size: int) -> Tensor:
    """Draw ``(size,)`` float32 normal numbers of mean 0 and variance 1."""
    return tf.constant(np.random.default_rng(0).standard_normal(size, np.float32))


@cache
def drawn_mask(size: int, rate: float) -> Tensor:
    """Draw ``(size,)`` float32 factors that drop values and keep their mean."""
    kept: NDArray[np.bool_] = np.random.default_rng(1).random(size, np.float32) >= rate
    return tf.constant(kept / np.float32(1 - rate), tf.float32)


def stretch(drawn: Tensor, place: Tensor, shape: Tensor) -> Tensor:
    """Take a stretch of drawn values.

    Parameters
    ----------
    drawn
        ``(size,)``.
    place
        Where it begins, from 0, the first possible one, to 1, the last.
    shape
        Of what is returned; not more values than there are.
    """
    n = tf.reduce_prod(shape)
    spare = tf.cast(tf.size(drawn) - n, tf.float32)
    return tf.reshape(tf.slice(drawn, [tf.cast(place * spare, tf.int32)], [n]), shape)

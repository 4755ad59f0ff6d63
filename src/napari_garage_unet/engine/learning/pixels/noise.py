"""Noise and dropout masks that are drawn once and reused from random offsets.

Drawing a normal number for every feature of every pixel takes longer than the rest of a
step. So more values are drawn than a step needs, and each step takes a stretch of them
that begins at a random offset.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf

RESERVED_STEPS = 2
"""Values that are drawn, in multiples of what the largest step needs."""

Tensor = Any


@cache
def drawn_noise(size: int) -> Tensor:
    """Return ``(size,)`` float32 normal numbers of mean 0 and variance 1."""
    return tf.constant(np.random.default_rng(0).standard_normal(size, np.float32))


@cache
def drawn_mask(size: int, rate: float) -> Tensor:
    """Return ``(size,)`` float32 factors of inverted dropout, of mean 1.

    Parameters
    ----------
    size
        Number of factors.
    rate
        Share of them that is 0, in [0, 1); the others are ``1 / (1 - rate)``.
    """
    kept: NDArray[np.bool_] = np.random.default_rng(1).random(size, np.float32) >= rate
    return tf.constant(kept / np.float32(1 - rate), tf.float32)


def stretch(drawn: Tensor, offset: Tensor, shape: Tensor) -> Tensor:
    """Take values that lie next to each other.

    Parameters
    ----------
    drawn
        ``(size,)``.
    offset
        Where they begin, from 0, the first possible value, to 1, the last.
    shape
        Shape of the result; not more values than there are.
    """
    n = tf.reduce_prod(shape)
    last = tf.cast(tf.size(drawn) - n, tf.float32)
    return tf.reshape(tf.slice(drawn, [tf.cast(offset * last, tf.int32)], [n]), shape)

"""Upsampling of values that stand for several pixels each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def enlarge(values: NDArray[Any], step: int, like: NDArray[Any]) -> NDArray[Any]:
    """Repeat values along the last two axes, cropped to the shape of an array.

    Parameters
    ----------
    values
        ``(..., ceil(H / step), ceil(W / step))``.
    step
        Pixels per value along each axis.
    like
        ``(..., H, W)``.
    """
    if step > 1:
        values = values.repeat(step, axis=-2).repeat(step, axis=-1)
    height, width = like.shape[-2:]
    return values[..., :height, :width]


def fill_enlarged(plane: NDArray[Any], values: NDArray[Any], step: int) -> None:
    """Write repeated values into ``(H, W)``; whole lines take a third of the time."""
    lines = np.empty((len(values), plane.shape[1]), values.dtype)
    for first in range(step):
        part = lines[:, first::step]
        part[...] = values[:, : part.shape[1]]
    for first in range(step):
        part = plane[first::step]
        part[...] = lines[: len(part)]

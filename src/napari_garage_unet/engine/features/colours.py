"""Colour images for the encoder, of planes with any number of channels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def colour_groups(n_channels: int) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of channels that the encoder sees together, at most three."""
    for first in range(0, n_channels, 3):
        yield tuple(range(first, min(first + 3, n_channels)))


def mix(plane: NDArray[np.float32], channels: tuple[int, ...]) -> NDArray[np.float32]:
    """Make a colour image of one to three channels of a plane.

    Parameters
    ----------
    plane
        ``(H, W, n_channels)``.
    channels
        Numbers of the channels. One becomes grey, two become two colours and their
        mean.

    Returns
    -------
    ndarray of shape (H, W, 3), float32
    """
    chosen = plane[..., channels]
    if len(channels) == 1:
        return np.repeat(chosen, 3, axis=-1)
    if len(channels) == 2:
        return np.concatenate([chosen, chosen.mean(axis=-1, keepdims=True)], axis=-1)
    return chosen

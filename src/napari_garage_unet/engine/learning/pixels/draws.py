"""Which pixels a step draws, and its learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WARM_UP_SHARE = 0.1
"""Share of a round in which the rate rises, 0 to 1."""

MIN_RATE_FACTOR = 0.01


def rate_factor(progress: float, *, rises: bool = True) -> float:
    """Return the learning rate at a point of a round, as a factor of the highest one.

    It rises linearly to 1 and falls along a cosine (Loshchilov and Hutter 2017,
    arXiv:1608.03983); `MIN_RATE_FACTOR` is added throughout.

    Parameters
    ----------
    progress
        Share of the round that is over; after 1 the rate stays at its lowest.
    rises
        Whether it rises first. A network that has learnt before needs no warm-up.
    """
    rise = min(1.0, (progress + 1e-3) / WARM_UP_SHARE) if rises else 1.0
    fallen = min(max(0.0, (progress - WARM_UP_SHARE) / (1 - WARM_UP_SHARE)), 1.0)
    return rise * (0.5 * (1 + float(np.cos(np.pi * fallen))) + MIN_RATE_FACTOR)


class BalancedDraw:
    """Draws numbers of pixels with given weights, with replacement.

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
        """Draw an array of pixel numbers, each from 0 to ``n - 1``."""
        drawn = np.searchsorted(self._cumulated, rng.random(shape), side="right")
        found: NDArray[np.int32] = self._numbers[
            np.minimum(drawn, len(self._numbers) - 1)
        ]
        return found


def shares_to_keep(
    pixels: NDArray[np.int64], *, max_pixels: int
) -> NDArray[np.float64]:
    """Decide what share of the labelled pixels is kept, so that all fit in memory.

    Every class may have the same number; a class with fewer pixels keeps all.

    Parameters
    ----------
    pixels
        ``(n_classes,)`` labelled pixels of each class.
    max_pixels
        Pixels that are kept in all, on average.

    Returns
    -------
    ndarray of shape (n_classes + 1,)
        By target, 0 to 1: first 0 for unlabelled pixels, then of each class.
    """
    shares = np.minimum(1.0, max_pixels / len(pixels) / np.maximum(pixels, 1))
    return np.concatenate([np.zeros(1), shares])

"""Which pixels a step learns from, and how much it may change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WARM_UP = 0.1
"""Share of a round in which the rate rises."""


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

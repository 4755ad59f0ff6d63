"""What was said of the strokes that were held out, by a network that had not seen them.

Kept with a model, because the model itself may have learnt from these strokes: only
this tells later what its probabilities are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_PIXELS = 50_000
"""Pixels that are kept; more would say the same."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPredictions:
    """Probabilities at the pixels of held-out strokes.

    Parameters
    ----------
    levels
        ``(n_classes, n)`` uint8 in steps of 1 / 255, in the order of the model's
        classes.
    class_ids
        ``(n,)`` int32, as what each pixel was painted.
    strokes
        ``(n,)`` int32, number of the stroke each is part of.
    """

    levels: NDArray[np.uint8]
    class_ids: NDArray[np.int32]
    strokes: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = self.levels.shape[-1]
        if self.levels.ndim != 2 or {self.class_ids.shape, self.strokes.shape} != {
            (n,)
        }:
            raise ValueError("The arrays of held-out answers do not fit together.")

    def thinned(self) -> HeldOutPredictions:
        """Return `MOST_PIXELS` of them at the most, drawn evenly."""
        n = self.class_ids.size
        if n <= MOST_PIXELS:
            return self
        kept = np.sort(np.random.default_rng(0).choice(n, MOST_PIXELS, replace=False))
        return HeldOutPredictions(
            self.levels[:, kept], self.class_ids[kept], self.strokes[kept]
        )

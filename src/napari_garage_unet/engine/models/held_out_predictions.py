"""Predictions at held-out strokes, by a network that has not learnt from them.

They are kept with a model, because the model itself may have learnt from these strokes:
thresholds are suggested from them, and they tell what its probabilities are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_HELD_OUT_PIXELS = 50_000
"""Pixels that are kept; more would not change what is derived from them."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPredictions:
    """Probabilities at the pixels of held-out strokes.

    Parameters
    ----------
    levels
        ``(n_classes, n)`` uint8, probabilities in steps of 1 / 255, in the order of the
        model's classes.
    class_ids
        ``(n,)`` int32, class that each pixel is painted as.
    strokes
        ``(n,)`` int32, number of the stroke that each pixel is part of.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """

    levels: NDArray[np.uint8]
    class_ids: NDArray[np.int32]
    strokes: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = self.levels.shape[-1]
        if self.levels.ndim != 2 or {self.class_ids.shape, self.strokes.shape} != {
            (n,)
        }:
            raise ValueError("The arrays of held-out predictions do not fit together.")

    def thinned(self) -> HeldOutPredictions:
        """Return at most `MAX_HELD_OUT_PIXELS` of the pixels, drawn evenly."""
        n = self.class_ids.size
        if n <= MAX_HELD_OUT_PIXELS:
            return self
        kept = np.sort(
            np.random.default_rng(0).choice(n, MAX_HELD_OUT_PIXELS, replace=False)
        )
        return HeldOutPredictions(
            self.levels[:, kept], self.class_ids[kept], self.strokes[kept]
        )

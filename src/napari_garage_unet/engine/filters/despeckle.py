"""Specks: places where a class is ahead by a little, and nowhere around.

Noise of the image leaves some in every result. They are told by their evidence, not by
their size: what is small and sure stays.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

AROUND = 5
"""Side of the windows in which evidence is summed up, odd, in cells of the grid."""

ENOUGH = 1.0
"""Evidence that a class needs in a window: as much as one cell that is sure."""

Float = NDArray[np.float32]


def despeckle(probabilities: Float, *, grid: int) -> None:
    """Let the class that has more support win, in place.

    Where the most probable class has not `ENOUGH` evidence around, and another one
    would win if each counted as much as it has, these two exchange their
    probabilities. So doubt is as great as before, and nothing else changes.

    Parameters
    ----------
    probabilities
        ``(n_classes, H, W)``, sides multiples of `grid`.
    grid
        Pixels from one cell to the next; evidence is looked at in one pixel of each.
    """
    support = support_of_classes(probabilities[:, ::grid, ::grid])
    for y, x in itertools.product(range(grid), repeat=2):
        part = probabilities[:, y::grid, x::grid]
        top = part.argmax(axis=0)
        weak = np.take_along_axis(support, top[np.newaxis], axis=0)[0] < 1
        top, values = top[weak], part[:, weak]
        winner = (values * support[:, weak]).argmax(axis=0)
        at = np.arange(top.size)
        values[top, at], values[winner, at] = values[winner, at], values[top, at]
        part[:, weak] = values


def support_of_classes(probabilities: Float) -> Float:
    """Sum up the evidence for each class around each cell.

    Evidence for a class is how much more probable it is than the second one where it is
    the most probable one, and nothing elsewhere.

    Parameters
    ----------
    probabilities
        ``(n_classes, h, w)``; borders are repeated.

    Returns
    -------
    ndarray of shape (n_classes, h, w)
        From 0 to 1; 1 is enough.
    """
    second, top = np.partition(probabilities, -2, axis=0)[-2:]
    evidence = np.where(probabilities == top, top - second, np.float32(0))
    around = uniform_filter(evidence, (1, AROUND, AROUND), mode="nearest")
    support: Float = np.clip(around * (AROUND**2 / ENOUGH), 0, 1)
    return support

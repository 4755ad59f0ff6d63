"""Removal of isolated pixels.

These are places where a class is ahead by a little, and nowhere around; noise of the
image leaves some in every result. They are recognised by their evidence, not by their
size: what is small and sure stays.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

SUPPORT_CELLS = 5
"""Side of the windows in which evidence is summed up, odd, in cells of the grid."""

MIN_EVIDENCE = 1.0
"""Evidence that a class needs in a window, in sure cells."""

Float = NDArray[np.float32]


def despeckle(probabilities: Float, *, grid: int) -> None:
    """Let the class with more support win, in place.

    Where the most probable class has less than `MIN_EVIDENCE` around, and another one
    would win if each were weighted with its support, these two exchange their
    probabilities. So the uncertainty is as before, and nothing else changes.

    Parameters
    ----------
    probabilities
        ``(n_classes, H, W)``, sides multiples of `grid`.
    grid
        Pixels from one cell to the next; the evidence is measured in one pixel of each.
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

    The evidence for a class is how much more probable it is than the second one where
    it is the most probable one, and 0 elsewhere.

    Parameters
    ----------
    probabilities
        ``(n_classes, h, w)``; borders are repeated.

    Returns
    -------
    ndarray of shape (n_classes, h, w), float32
        0 to 1; 1 is `MIN_EVIDENCE` or more.
    """
    second, top = np.partition(probabilities, -2, axis=0)[-2:]
    evidence = np.where(probabilities == top, top - second, np.float32(0))
    around = uniform_filter(evidence, (1, SUPPORT_CELLS, SUPPORT_CELLS), mode="nearest")
    support: Float = np.clip(around * (SUPPORT_CELLS**2 / MIN_EVIDENCE), 0, 1)
    return support

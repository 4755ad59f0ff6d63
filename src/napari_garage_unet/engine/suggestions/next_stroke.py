"""Where a model is unsure, and where the next stroke would teach it most.

The doubt about a pixel is one minus the margin between its two most probable classes
(margin sampling: Scheffer, Decomain, Wrobel 2001, doi:10.1007/3-540-44816-0_31). A
single pixel in doubt is usually one on an edge, which no stroke settles, so places are
judged by the mean doubt around them, times how far the next stroke is: a model is
surely wrong, too, and most often where nothing has been painted. Either factor alone
does no better than chance; `docs/method.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

WINDOW_PIXELS = 64
"""Side in pixels of the surroundings over which doubt is averaged."""

MAX_DISTANCE_PIXELS = 300
"""Pixels from the next stroke beyond which no place is preferred for being farther."""

GRID_STEP_PIXELS = 4
"""Pixels from one place that is judged to the next."""


def uncertainty(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How unsure each pixel is.

    Parameters
    ----------
    levels
        ``(n_classes, h, w)`` probabilities, 255 is certain.

    Returns
    -------
    ndarray of shape (h, w), uint8
        255 where two classes are equally probable, 0 where one is certain or nothing
        has been computed.
    """
    first = np.maximum(levels[0], levels[1])
    second = np.minimum(levels[0], levels[1])
    for level in levels[2:]:
        np.maximum(second, np.minimum(first, level), out=second)
        np.maximum(first, level, out=first)
    unsure: NDArray[np.uint8] = np.where(first > 0, 255 - (first - second), 0)
    return unsure.astype(np.uint8)


def next_place(
    levels: NDArray[np.uint8],
    strokes: NDArray[Any],
    *,
    visited: Sequence[tuple[float, float]] = (),
    window: int = WINDOW_PIXELS,
) -> tuple[float, float] | None:
    """Choose the place where a stroke would teach most.

    Parameters
    ----------
    levels
        ``(n_classes, H, W)`` uint8 probabilities, 255 is certain; all 0 where nothing
        has been computed.
    strokes
        ``(H, W)``, 0 is unlabelled.
    visited
        Places that were chosen before; they count like strokes.
    window
        Side in pixels of the surroundings that count.

    Returns
    -------
    tuple of float or None
        ``(y, x)`` in pixels; None where no pixel is in doubt.
    """
    unsure = uncertainty(levels[:, ::GRID_STEP_PIXELS, ::GRID_STEP_PIXELS]).astype(
        np.float32
    )
    score = uniform_filter(unsure, max(window // GRID_STEP_PIXELS, 1), mode="constant")
    painted = np.zeros(score.shape, bool)
    rows, columns = np.nonzero(strokes)
    painted[rows // GRID_STEP_PIXELS, columns // GRID_STEP_PIXELS] = True
    for y, x in visited:
        painted[int(y) // GRID_STEP_PIXELS, int(x) // GRID_STEP_PIXELS] = True
    if painted.any():
        score *= np.minimum(
            distance_transform_edt(~painted) * GRID_STEP_PIXELS, MAX_DISTANCE_PIXELS
        )
    best = int(score.argmax())
    if score.flat[best] <= 0:
        return None
    row, column = divmod(best, score.shape[1])
    return float(row * GRID_STEP_PIXELS), float(column * GRID_STEP_PIXELS)

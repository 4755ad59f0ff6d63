"""The uncertainty of a model, and the place of the next stroke.

The uncertainty of a pixel is one minus the margin between the probabilities of its two
most probable classes (margin sampling [1]_). Single uncertain pixels mostly lie on
edges, where a stroke adds little, so a place is scored by the mean uncertainty around
it. The score is multiplied by the distance to the nearest stroke, because models are
also wrong where they are certain, mostly where nothing has been painted.

References
----------
.. [1] T. Scheffer, C. Decomain, S. Wrobel, "Active hidden Markov models for
   information extraction", IDA 2001, doi:10.1007/3-540-44816-0_31.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

WINDOW_SIDE_PIXELS = 64
"""Side of the square over which the uncertainty is averaged, in pixels."""

MAX_DISTANCE_PIXELS = 300
"""Distance to the nearest stroke from which on a place no longer gains, in pixels."""

GRID_STEP_PIXELS = 4
"""Distance from one scored place to the next, in pixels."""


def uncertainty(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the uncertainty of each pixel.

    Parameters
    ----------
    levels
        ``(n_classes, h, w)`` uint8 probabilities, 255 = certain; all 0 where nothing
        has been computed. At least two classes.

    Returns
    -------
    ndarray
        ``(h, w)`` uint8; 255 where two classes are equally probable, 0 where one is
        certain or nothing has been computed.
    """
    first = np.maximum(levels[0], levels[1])
    second = np.minimum(levels[0], levels[1])
    for level in levels[2:]:
        np.maximum(second, np.minimum(first, level), out=second)
        np.maximum(first, level, out=first)
    values: NDArray[np.uint8] = np.where(first > 0, 255 - (first - second), 0)
    return values.astype(np.uint8)


def next_place(
    levels: NDArray[np.uint8],
    strokes: NDArray[Any],
    *,
    visited: Sequence[tuple[float, float]] = (),
    window: int = WINDOW_SIDE_PIXELS,
) -> tuple[float, float] | None:
    """Return the place of the next stroke.

    Parameters
    ----------
    levels
        ``(n_classes, H, W)`` uint8 probabilities, 255 = certain; all 0 where nothing
        has been computed. At least two classes.
    strokes
        ``(H, W)`` class ids, 0 = unlabelled.
    visited
        ``(y, x)`` of earlier places in pixels; they count like strokes.
    window
        Side of the square over which the uncertainty is averaged, in pixels.

    Returns
    -------
    tuple of float or None
        ``(y, x)`` in pixels; None if no pixel is uncertain.
    """
    values = uncertainty(levels[:, ::GRID_STEP_PIXELS, ::GRID_STEP_PIXELS]).astype(
        np.float32
    )
    score = uniform_filter(values, max(window // GRID_STEP_PIXELS, 1), mode="constant")
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

"""Sizes of the ellipsoids that are like objects."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


def axis_lengths(found: Mapping[str, Float], pixels: Float, spacings: Float) -> Float:
    """Return the full axes of the ellipsoids with the second moments of the objects.

    A full axis is ``2 sqrt((d + 2) v)`` for a variance v in d dimensions. Each pixel is
    a box with variance 1/12, so that lines have a width.

    Parameters
    ----------
    found
        Columns of `regionprops_table`, with the central moments in pixels.
    pixels
        ``(n_objects,)`` size in pixels.
    spacings
        ``(n_axes,)`` world units per pixel.

    Returns
    -------
    ndarray
        ``(n_objects, n_axes)`` float64 in world units, ascending along the last axis.
    """
    n_axes = spacings.size
    covariance = np.empty((pixels.size, n_axes, n_axes))
    for i in range(n_axes):
        for j in range(n_axes):
            order = [0] * n_axes
            order[i] += 1
            order[j] += 1
            moment = found["moments_central-" + "-".join(map(str, order))]
            variance = moment / pixels + (i == j) / 12
            covariance[:, i, j] = variance * spacings[i] * spacings[j]
    lengths: Float = 2 * np.sqrt((n_axes + 2) * np.linalg.eigvalsh(covariance))
    return lengths


def equivalent_diameter(size: Float, n_axes: int) -> Float:
    """Return the diameters of the circles or balls of these sizes."""
    diameter: Float = (
        2 * np.sqrt(size / math.pi) if n_axes == 2 else np.cbrt(6 * size / math.pi)
    )
    return diameter

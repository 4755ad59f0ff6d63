"""Smoothing probabilities along the edges of the image.

References
----------
He, Sun, Tang: Guided Image Filtering, TPAMI 2013, doi:10.1109/TPAMI.2012.213.
He, Sun: Fast Guided Filter, arXiv:1505.00996 (coefficients on a coarse grid).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Float = NDArray[np.float32]


def guided_coefficients(
    values: Float, guide: Float, *, radius: int, epsilon: float
) -> tuple[Float, Float]:
    """Fit each value locally as a line over the guide.

    Parameters
    ----------
    values
        ``(n, h, w)``.
    guide
        ``(h, w)``, values from 0 to 1.
    radius
        Of the square windows, in cells.
    epsilon
        Variance of the guide from which on an edge counts as one.

    Returns
    -------
    slope, intercept : ndarray of shape (n, h, w)
        The smoothed values are ``slope * guide + intercept``.
    """
    side = 2 * radius + 1

    def average(array: NDArray[np.floating[Any]]) -> Float:
        averaged: Float = uniform_filter(array, side, output=np.float32, mode="nearest")
        return averaged

    mean = average(guide)
    variance = average(guide * guide) - mean * mean
    slopes, intercepts = np.empty_like(values), np.empty_like(values)
    for value, slope, intercept in zip(values, slopes, intercepts, strict=True):
        mean_value = average(value)
        line = (average(guide * value) - mean * mean_value) / (variance + epsilon)
        slope[:] = average(line)
        intercept[:] = average(mean_value - line * mean)
    return slopes, intercepts


def smooth_probabilities(
    probabilities: Float, guide: Float, *, grid: int, radius: int, epsilon: float
) -> Float:
    """Bring probabilities on a coarse grid to full resolution along the edges.

    Parameters
    ----------
    probabilities
        ``(n_classes, h, w)`` at every `grid`-th pixel, from pixel 0 on.
    guide
        ``(h * grid, w * grid)``, values from 0 to 1.
    grid
        Pixels from one cell to the next.
    radius, epsilon
        See `guided_coefficients`; the radius is in cells.

    Returns
    -------
    ndarray of shape (n_classes, h * grid, w * grid), float32
        Not negative, sums to 1.
    """
    slopes, intercepts = guided_coefficients(
        probabilities, guide[::grid, ::grid], radius=radius, epsilon=epsilon
    )
    result = enlarge_linearly(slopes, grid)
    result *= guide
    result += enlarge_linearly(intercepts, grid)
    np.clip(result, 1e-6, 1, out=result)
    result /= result.sum(axis=0)
    return result


def enlarge_linearly(maps: Float, grid: int) -> Float:
    """Interpolate ``(n, h, w)`` maps; cell ``i`` lies at pixel ``grid * i``."""
    for axis in (1, 2):
        after = np.concatenate(
            [
                np.take(maps, range(1, maps.shape[axis]), axis),
                np.take(maps, [-1], axis),
            ],
            axis,
        )
        shape = list(maps.shape)
        shape[axis] *= grid
        enlarged = np.empty(shape, np.float32)
        for part in range(grid):
            key: list[slice] = [slice(None)] * 3
            key[axis] = slice(part, None, grid)
            enlarged[tuple(key)] = maps + (after - maps) * np.float32(part / grid)
        maps = enlarged
    return maps

"""Smoothing of probabilities along the edges of the image, by a guided filter.

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

from .interpolation import enlarge

Float = NDArray[np.float32]


def guided_coefficients(
    values: Float, guide: Float, *, radius: int, epsilon: float
) -> Float:
    """Fit each value locally as a linear function of the guide's channels.

    Parameters
    ----------
    values
        ``(n, h, w)``.
    guide
        ``(channels, h, w)``, values from 0 to 1.
    radius
        Radius of the square windows, in cells.
    epsilon
        Variance of the guide from which on an edge is kept.

    Returns
    -------
    ndarray of shape (channels + 1, n, h, w)
        One slope per channel and, last, the intercept: the smoothed values are
        ``sum(slope * guide) + intercept``.
    """
    side = 2 * radius + 1
    n_channels = len(guide)

    def average(array: NDArray[np.floating[Any]]) -> Float:
        averaged: Float = uniform_filter(array, side, output=np.float32, mode="nearest")
        return averaged

    means = np.stack([average(channel) for channel in guide])
    covariance = np.empty((n_channels, n_channels, *guide.shape[1:]), np.float32)
    for i in range(n_channels):
        for j in range(i + 1):
            covariance[i, j] = average(guide[i] * guide[j]) - means[i] * means[j]
        covariance[i, i] += epsilon

    slopes = np.empty((n_channels, *values.shape), np.float32)
    intercepts = np.empty_like(values)
    for k, value in enumerate(values):
        intercepts[k] = average(value)
        for i in range(n_channels):
            slopes[i, k] = average(guide[i] * value) - means[i] * intercepts[k]
    _solve(covariance, slopes)
    intercepts -= np.einsum("ikhw,ihw->khw", slopes, means)
    result = np.concatenate([slopes, intercepts[np.newaxis]])
    for i in range(n_channels + 1):
        for k in range(len(values)):
            result[i, k] = average(result[i, k])
    return result


def _solve(matrix: Float, right: Float) -> None:
    """Solve many small positive definite systems in place, by Cholesky's method.

    Parameters
    ----------
    matrix
        ``(n, n, h, w)``, of which the lower half is read and overwritten.
    right
        ``(n, k, h, w)``; becomes the solutions.
    """
    n = len(matrix)
    for i in range(n):
        for j in range(i):
            for m in range(j):
                matrix[i, j] -= matrix[i, m] * matrix[j, m]
            matrix[i, j] /= matrix[j, j]
            matrix[i, i] -= matrix[i, j] ** 2
        np.sqrt(matrix[i, i], out=matrix[i, i])
    for i in range(n):
        for j in range(i):
            right[i] -= matrix[i, j] * right[j]
        right[i] /= matrix[i, i]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            right[i] -= matrix[j, i] * right[j]
        right[i] /= matrix[i, i]


def smooth_probabilities(
    probabilities: Float,
    guide: Float,
    coarse_guide: Float | None = None,
    *,
    grid: int,
    radius: int,
    epsilon: float,
    share: float = 1.0,
    rest: Float | None = None,
) -> Float:
    """Bring probabilities on a coarse grid to full resolution along the edges.

    Parameters
    ----------
    probabilities
        ``(n_classes, h, w)`` at every `grid`-th pixel, from pixel 0 on.
    guide
        ``(channels, h * grid, w * grid)``, values from 0 to 1.
    coarse_guide
        ``(more channels, h, w)``, guides that are known on the grid only.
    grid
        Pixels from one cell to the next.
    radius, epsilon
        See `guided_coefficients`; the radius is in cells.
    share
        Share of the smoothed probabilities in the result, 0 to 1.
    rest
        ``(n_classes, h, w)``, what the other share consists of, enlarged linearly; by
        default the probabilities as they are.

    Returns
    -------
    ndarray of shape (n_classes, h * grid, w * grid), float32
        Above 0; sums to 1 over the classes.
    """
    guides = guide[:, ::grid, ::grid]
    if coarse_guide is not None:
        guides = np.concatenate([guides, coarse_guide])
    *slopes, intercepts = guided_coefficients(
        probabilities, guides, radius=radius, epsilon=epsilon
    )
    for slope, channel in zip(slopes[len(guide) :], guides[len(guide) :], strict=True):
        intercepts += slope * channel
    # All of it is linear, so the two are mixed before they are enlarged.
    mixed = share * intercepts
    mixed += (1 - share) * (probabilities if rest is None else rest)
    result = enlarge(mixed, grid)
    for slope, channel in zip(slopes, guide, strict=False):
        result += enlarge(share * slope, grid) * channel
    np.clip(result, 1e-6, 1, out=result)
    result /= result.sum(axis=0)
    return result

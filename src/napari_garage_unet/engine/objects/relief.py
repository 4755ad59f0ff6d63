"""The relief of a mask, and the filters with which its peaks are found.

The filters give exactly the results of those of `scipy.ndimage`, in less time.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Int32 = npt.NDArray[np.int32]


Float = npt.NDArray[np.floating]


Bool = npt.NDArray[np.bool_]


MIN_THREADED_PIXELS = 1 << 20
"""Size in pixels from which on `blur` uses two threads."""


def connected_regions(mask: Bool) -> Int32:
    """Return the connected regions of a mask.

    Parameters
    ----------
    mask
        ``(*spatial)`` bool. Pixels connect across faces, edges and corners.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32, 0 outside the mask, regions from 1 in C order.
    """
    structure = ndimage.generate_binary_structure(mask.ndim, mask.ndim)
    regions: Int32 = ndimage.label(mask, structure)[0]
    return regions.astype(np.int32, copy=False)


def distance_relief(
    regions: Int32, levels: npt.NDArray[np.uint8] | None, step: tuple[float, ...]
) -> Float:
    """Return the distance to the outline, times the probability.

    Parameters
    ----------
    regions
        ``(*spatial)`` int32 ids of connected regions, 0 outside.
    levels
        ``(*spatial)`` uint8 probability of the class; None for the distance alone.
    step
        World units per pixel of each axis.

    Returns
    -------
    ndarray
        ``(*spatial)`` float32 in world units, 0 outside the regions.
    """
    mask = regions > 0
    if mask.all():  # without an outline there is no distance
        relief = np.ones(mask.shape, np.float32)
    else:
        relief = ndimage.distance_transform_edt(mask, sampling=step).astype(np.float32)
    if levels is not None:
        relief *= levels / np.float32(255)
    return relief


def blur(values: Float, sigma: Sequence[float]) -> Float:
    """Filter with a Gaussian; `ndimage.gaussian_filter` in two threads.

    Parameters
    ----------
    values
        ``(*spatial)`` float32.
    sigma
        Standard deviation along each axis, in pixels.

    Returns
    -------
    ndarray
        ``(*spatial)`` float32, bit for bit those of the single thread.
    """
    if values.ndim < 2 or values.size < MIN_THREADED_PIXELS:
        whole: Float = ndimage.gaussian_filter(values, sigma)
        return whole
    with ThreadPoolExecutor(2) as threads:
        for axis, width in enumerate(sigma):
            blurred = np.empty_like(values)
            # Each line along the axis is filtered alone, so the parts into which
            # another axis is cut do not matter.
            across = 0 if axis else 1
            halves = zip(
                np.array_split(values, 2, axis=across),
                np.array_split(blurred, 2, axis=across),
                strict=True,
            )
            jobs = [
                threads.submit(
                    ndimage.gaussian_filter1d, half, width, axis=axis, output=out
                )
                for half, out in halves
            ]
            for job in jobs:
                job.result()
            values = blurred
    return values


def max_around(values: Float) -> Float:
    """Return the largest value among each pixel and all that touch it.

    Parameters
    ----------
    values
        ``(*spatial)`` float32.

    Returns
    -------
    ndarray
        ``(*spatial)``; the result of `ndimage.maximum_filter` with size 3, in a tenth
        of its time.
    """
    largest = values
    for axis in range(values.ndim):
        before = np.moveaxis(largest, axis, 0)
        largest = largest.copy()
        along = np.moveaxis(largest, axis, 0)
        np.maximum(along[1:], before[:-1], out=along[1:])
        np.maximum(along[:-1], before[1:], out=along[:-1])
    return largest

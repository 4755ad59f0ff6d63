"""Medians of small neighbourhoods: they remove single values and keep edges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from napari_garage_unet.engine.compute.cores import available_cores

Float = NDArray[np.float32]


def median_of_plane(plane: Float, side: int) -> Float:
    """Take the median around each pixel, channel by channel.

    SciPy releases the interpreter lock, so strips of rows are computed in parallel.

    Parameters
    ----------
    plane
        ``(H, W, n_channels)``; borders are repeated.
    side
        Side of the square windows, odd, in pixels.

    Returns
    -------
    ndarray of shape (H, W, n_channels), float32
    """
    margin = side // 2
    height, _, n_channels = plane.shape
    found = np.empty(plane.shape, np.float32)

    def compute(start: int, stop: int, channel: int) -> None:
        top = max(start - margin, 0)
        seen = np.ascontiguousarray(plane[top : stop + margin, :, channel])
        medians = median_filter(seen, side, mode="nearest")
        found[start:stop, :, channel] = medians[start - top :][: stop - start]

    n_strips = available_cores()
    rows = -(-height // n_strips)
    with ThreadPoolExecutor(n_strips) as threads:
        strips = [
            threads.submit(compute, start, min(start + rows, height), channel)
            for channel in range(n_channels)
            for start in range(0, height, rows)
        ]
    for strip in strips:
        strip.result()
    return found


def median_of_nine(maps: Float) -> Float:
    """Take the median of each value and its eight neighbours.

    The three values of each column are sorted once for all windows they are in. The
    median of nine is the median of three values: the largest of the lowest, the median
    of the middle ones and the lowest of the largest.

    Parameters
    ----------
    maps
        ``(n, h, w)``; borders are repeated.

    Returns
    -------
    ndarray of shape (n, h, w)
    """
    padded = np.pad(maps, [(0, 0), (1, 1), (1, 1)], mode="edge")
    low, middle, high = _sort(*(padded[:, i : i + maps.shape[1]] for i in range(3)))
    low, middle, high = (
        _sort(*(part[:, :, i : i + maps.shape[2]] for i in range(3)))[chosen]
        for part, chosen in ((low, 2), (middle, 1), (high, 0))
    )
    medians: Float = _sort(low, middle, high)[1]
    return medians


def _sort(a: Any, b: Any, c: Any) -> tuple[Any, Any, Any]:
    """Sort three arrays of one shape, value by value."""
    a, b = np.minimum(a, b), np.maximum(a, b)
    b, c = np.minimum(b, c), np.maximum(b, c)
    return np.minimum(a, b), np.maximum(a, b), c

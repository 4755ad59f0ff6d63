"""Means of objects over the pixels that have data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.no_data import may_lack_data
from napari_garage_unet.engine.labels.regions import Integers


def finite_means(
    objects: Integers, image: NDArray[np.generic], labels: NDArray[np.integer[Any]]
) -> dict[str, NDArray[np.float64]]:
    """Compute the mean of the finite values in each object.

    Parameters
    ----------
    objects
        ``(*spatial)`` ids, 0 outside objects.
    image
        ``(*spatial)`` or ``(*spatial, n_channels)`` floats.
    labels
        ``(n,)`` all ids, ascending.

    Returns
    -------
    dict
        ``intensity_mean``, or ``intensity_mean-0`` and so on, as scikit-image calls
        them; NaN for an object without a finite value.
    """
    inside = objects > 0
    numbers = np.searchsorted(labels, objects[inside])
    means = {}
    n_channels = 1 if image.ndim == objects.ndim else image.shape[-1]
    for c in range(n_channels):
        channel = image if image.ndim == objects.ndim else image[..., c]
        values = np.asarray(channel[inside], np.float64)
        finite = np.isfinite(values)
        counts = np.bincount(numbers[finite], minlength=len(labels))
        sums = np.bincount(numbers[finite], values[finite], minlength=len(labels))
        name = "intensity_mean" if channel is image else f"intensity_mean-{c}"
        mean = np.full(len(labels), np.nan)
        np.divide(sums, counts, out=mean, where=counts > 0)
        means[name] = mean
    return means


def mark_missing(image: Image, pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels that are NaN where an image has no data.

    Parameters
    ----------
    image
        The image.
    pixels
        All its values, in the order of its axes.

    Returns
    -------
    ndarray of the same shape
        `pixels` itself where nothing is missing.
    """
    if not may_lack_data(image):
        return pixels
    marked: NDArray[Any] | None = None
    for index in image.plane_indices():
        missing = image.missing_values(image.plane(index), index)
        if missing is None:
            continue
        if marked is None:
            marked = pixels.astype(np.result_type(pixels.dtype, np.float32))
        position = dict(zip(image.stack_axes, index, strict=True))
        key = tuple(position.get(axis, slice(None)) for axis in image.axes)
        left = [axis for axis in image.axes if axis not in position]
        order = [axis for axis in "yxc" if axis in left]
        there = missing if "c" in left else missing[..., 0]
        marked[key] = np.where(
            there.transpose([order.index(axis) for axis in left]), np.nan, marked[key]
        )
    return pixels if marked is None else marked

"""Where an image has no data: what is filled in there, and how a person marks it.

`Image.missing_values` finds the values. A *pixel* has no data where every channel is
missing; single missing values are left out of statistics and filled.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError

from .guessing import without_singletons
from .image import ArrayLike, Image, PlaneIndex


def may_lack_data(image: Image) -> bool:
    """Whether any value of an image can be missing; its pixels are not read."""
    known = image.nodata is not None or image.data_mask is not None
    return known or np.dtype(image.data.dtype).kind == "f"


def no_data_of(image: Image, index: PlaneIndex) -> NDArray[np.bool_] | None:
    """Read a plane and return its ``(H, W)`` pixels without data; None without any."""
    if not may_lack_data(image):
        return None
    return pixels_without_data(image.missing_values(image.plane(index), index))


def pixels_without_data(
    missing: NDArray[np.bool_] | None,
) -> NDArray[np.bool_] | None:
    """Find the pixels whose every channel is missing.

    Parameters
    ----------
    missing
        ``(H, W, C)`` as from `Image.missing_values`.

    Returns
    -------
    ndarray of shape (H, W), bool, or None
        None if there is no such pixel.
    """
    if missing is None:
        return None
    nowhere = np.asarray(missing.all(axis=-1))
    return nowhere if nowhere.any() else None


def fill_missing(
    pixels: NDArray[np.floating[Any]], missing: NDArray[np.bool_]
) -> NDArray[np.floating[Any]]:
    """Give each missing value that of the nearest pixel that is not missing.

    So there is no edge between what was measured and what was not.

    Parameters
    ----------
    pixels
        ``(H, W, C)``; missing values may be anything, NaN included.
    missing
        ``(H, W, C)`` bool.

    Returns
    -------
    ndarray of shape (H, W, C), dtype of `pixels`
        A copy; a channel without any value is 0.
    """
    filled = pixels.copy()
    nearest: NDArray[np.intp] | None = None
    for c in range(pixels.shape[-1]):
        holes = missing[..., c]
        if holes.all():
            filled[..., c] = 0
        elif holes.any():
            # Most often all channels are missing in the same places.
            if nearest is None or (holes != missing[..., c - 1]).any():
                nearest = ndimage.distance_transform_edt(
                    holes, return_distances=False, return_indices=True
                )
            rows, columns = nearest[:, holes]
            filled[holes, c] = pixels[rows, columns, c]
    return filled


def mark_no_data(
    image: Image, *, nodata: float | None = None, mask: ArrayLike | None = None
) -> Image:
    """Return an image that knows where it has no data.

    Parameters
    ----------
    image
        The image.
    nodata
        Value that stands for no data, instead of the one that the image knows; None
        keeps that.
    mask
        Array of the spatial shape of the image, or of its last two axes for all planes
        alike; axes of length 1 do not count. 0 or False where there is no data, besides
        where the image knows of none.

    Raises
    ------
    InputError
        If the mask has another shape, or leaves no pixel.
    """
    changes: dict[str, Any] = {}
    if nodata is not None:
        changes["nodata"] = float(nodata)
    if mask is not None:
        shape = image.spatial_shape
        given = without_singletons(mask.shape)
        if tuple(mask.shape) != shape and given == without_singletons(shape):
            mask = np.asarray(mask).reshape(shape)
        elif given == shape[-2:] and len(shape) > 2:
            mask = np.broadcast_to(np.asarray(mask).reshape(given), shape)
        if tuple(mask.shape) != shape:
            raise InputError(
                f"The mask of {image.name} has shape {tuple(mask.shape)}; it needs the "
                f"image's shape without channels, {shape}, 0 where there is no data."
            )
        if image.data_mask is not None:
            mask = np.asarray(mask, bool) & np.asarray(image.data_mask, bool)
        changes["data_mask"] = mask
    return dataclasses.replace(image, **changes) if changes else image

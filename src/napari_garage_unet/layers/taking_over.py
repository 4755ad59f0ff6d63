"""Paint of a layer that lies elsewhere, as class ids of the pixels of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from numpy.typing import NDArray
from scipy import ndimage

from napari_garage_unet.engine.annotations.fitting import fits
from napari_garage_unet.engine.errors import InputError

from .axes import full_resolution
from .images import spatial_dims, spatial_shape
from .world import Matrix, index_matrix, paired_axes


def why_not_paintable(layer: Labels) -> str:
    """Say why a layer cannot be painted on; empty if it can."""
    if layer.multiscale:
        return "it is a pyramid"
    if not isinstance(layer.data, np.ndarray):
        return "its pixels are not in memory"
    if isinstance(layer.data, np.memmap):
        return "its pixels are in a file, which strokes would change"
    return "" if layer.data.flags.writeable else "its pixels are read-only"


def can_take_over_by_index(layer: Labels, image_layer: Layer) -> bool:
    """Return whether a layer has a pixel for each pixel of an image."""
    return fits(full_resolution(layer).shape, spatial_shape(image_layer))


def paint_by_index(layer: Labels, image_layer: Layer) -> NDArray[Any]:
    """Return the paint of a layer pixel by pixel, wherever it lies.

    Parameters
    ----------
    layer
        A Labels layer; it stays as it is.
    image_layer
        The image.

    Returns
    -------
    ndarray of the spatial shape of the image
        uint8, or the type of the layer where an id is above 255.

    Raises
    ------
    InputError
        If the shapes differ by more than axes of length 1.
    """
    if not can_take_over_by_index(layer, image_layer):
        raise InputError(
            f"{layer.name!r} has other pixels than {image_layer.name!r}; take it over "
            "as it is seen."
        )
    data = np.array(full_resolution(layer))
    return _small(data.reshape(spatial_shape(image_layer)))


def paint_as_seen(layer: Labels, image_layer: Layer) -> NDArray[Any]:
    """Return the paint that is seen on each pixel of an image.

    Each pixel gets the id of the pixel of the layer that its centre falls into.

    Parameters
    ----------
    layer
        A Labels layer; it stays as it is.
    image_layer
        The image.

    Returns
    -------
    ndarray of the spatial shape of the image
        uint8, or the type of the layer where an id is above 255; 0 where the layer does
        not reach.

    Raises
    ------
    InputError
        If the layer has other axes, no extent, or no paint on the image.
    """
    keep, shape = spatial_dims(image_layer), spatial_shape(image_layer)
    own, theirs = paired_axes(layer, image_layer, keep)
    data = np.asarray(full_resolution(layer))
    rest = [n for i, n in enumerate(data.shape) if i not in own]
    rest += [n for i, n in zip(keep, shape, strict=True) if i not in theirs]
    to_image = index_matrix(layer, image_layer, keep)
    if (
        any(n != 1 for n in rest)
        or to_image is None
        or abs(np.linalg.det(to_image)) < 1e-300
    ):
        raise InputError(
            f"{layer.name!r} has other axes than {image_layer.name!r}; "
            "choose a layer with the axes of the image."
        )
    data = data.reshape([data.shape[i] for i in own])
    to_layer = np.asarray(np.linalg.inv(to_image), np.float64)
    wanted = tuple(n for i, n in zip(keep, shape, strict=True) if i in theirs)
    found = _nearest(data, to_layer, wanted).reshape(shape)
    if data.any() and not found.any():
        raise InputError(f"No paint of {layer.name!r} lies on {image_layer.name!r}.")
    return _small(found)


def _nearest(
    data: NDArray[Any], matrix: Matrix, shape: tuple[int, ...]
) -> NDArray[Any]:
    """Look up the nearest pixels of `data`; `matrix` leads to them from the result."""
    linear, first = matrix[:-1, :-1], matrix[:-1, -1]
    if not np.allclose(linear, np.diag(np.diag(linear)), atol=1e-9):
        found: NDArray[Any] = ndimage.affine_transform(
            data, linear, first, shape, order=0, mode="grid-constant", cval=0
        )
        return found
    result = np.zeros(shape, data.dtype)
    here, there = [], []
    for axis, n in enumerate(shape):
        at = np.arange(n) * linear[axis, axis] + first[axis]
        index = np.floor(np.round(at, 9) + 0.5).astype(np.int64)
        inside = (index >= 0) & (index < data.shape[axis])
        here.append(np.flatnonzero(inside))
        there.append(index[inside])
    result[np.ix_(*here)] = data[np.ix_(*there)]
    return result


def _small(ids: NDArray[Any]) -> NDArray[Any]:
    is_small = int(ids.min(initial=0)) >= 0 and int(ids.max(initial=0)) <= 255
    return ids.astype(np.uint8) if is_small else ids

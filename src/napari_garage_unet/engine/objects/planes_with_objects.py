"""Reads the planes of an image in which there are objects, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.lazy import is_in_memory, read_part


def with_planes_of(objects: Iterable[NDArray[Any]], image: Image) -> Image:
    """Return an image in memory, read where there are objects.

    Parameters
    ----------
    objects
        Arrays of the image's spatial shape; 0 is no object.
    image
        The image.

    Returns
    -------
    Image
        The image itself where it is in memory. Otherwise planes without objects are 0,
        which takes no memory.

    Raises
    ------
    InputError
        If a plane with objects cannot be read.
    """
    if is_in_memory(image.data):
        return image
    listed = list(objects)
    pixels = np.zeros(image.data.shape, image.data.dtype)
    for index in image.plane_indices():
        if any(image.spatial_plane(ids, index).any() for ids in listed):
            position = dict(zip(image.stack_axes, index, strict=True))
            key = tuple(position.get(axis, slice(None)) for axis in image.axes)
            pixels[key] = read_part(image, index)
    return replace(image, data=pixels)

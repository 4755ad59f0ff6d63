"""Strokes in the shape of their image, where only axes of length 1 differ.

Programs drop axes of length 1 or add some, and a layer of strokes has one where its
image has channels. No pixel moves by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.engine.images.guessing import (
    axes_for_strokes,
    without_singletons,
)
from napari_garage_unet.engine.images.image import ArrayLike, Image
from napari_garage_unet.engine.images.renaming import with_axes


def fits(shape: Sequence[int], spatial_shape: Sequence[int]) -> bool:
    """Whether two shapes differ by axes of length 1 at most."""
    mine, theirs = tuple(shape), tuple(spatial_shape)
    return mine == theirs or without_singletons(mine) == without_singletons(theirs)


def in_shape(array: Any, spatial_shape: Sequence[int]) -> Any:
    """Return an array in a shape that `fits` its own.

    Parameters
    ----------
    array
        Strokes or labels.
    spatial_shape
        Shape of an image without its channels.

    Returns
    -------
    array
        A view of a NumPy array, so that writing to it writes to `array`; an array that
        has the shape is returned as it is.
    """
    shape = tuple(int(n) for n in spatial_shape)
    if tuple(array.shape) == shape:
        return array
    return np.asarray(array).reshape(shape)


def box_in_shape(
    box: Sequence[slice], shape: Sequence[int], spatial_shape: Sequence[int]
) -> tuple[slice, ...]:
    """Return a box of an array as a box of the array in another shape that fits.

    Parameters
    ----------
    box
        Start and stop along each axis of `shape`.
    shape, spatial_shape
        Shapes of which one `fits` the other.
    """
    if tuple(shape) == tuple(spatial_shape):
        return tuple(box)
    long = iter([part for part, n in zip(box, shape, strict=True) if n != 1])
    return tuple(slice(0, 1) if n == 1 else next(long) for n in spatial_shape)


def follow_strokes(image: Image, strokes: ArrayLike) -> Image:
    """Let strokes decide about the axes of an image, where these are only a guess.

    Raises
    ------
    InputError
        If the axes are a guess and the strokes fit none.
    """
    if image.axes_source is not AxesSource.SHAPE:
        return image
    if fits(strokes.shape, image.spatial_shape):
        return image
    axes = axes_for_strokes(image.data.shape, strokes.shape, name=image.name)
    return with_axes(image, axes, source=AxesSource.SHAPE)


def fit_strokes(image: Image, strokes: ArrayLike, *, cure: str) -> Any:
    """Give strokes the shape of their image.

    Parameters
    ----------
    image
        Image that was painted on.
    strokes
        Class ids in its shape without channels; axes of length 1 do not count.
    cure
        How to say that the axes of the image are others, for the message.

    Returns
    -------
    array of the image's spatial shape

    Raises
    ------
    InputError
        If the shapes do not fit; the message says what the image is, who says so, and
        what the strokes are.
    """
    if fits(strokes.shape, image.spatial_shape):
        return in_shape(strokes, image.spatial_shape)
    raise InputError(
        f"{image.name} has shape {tuple(image.data.shape)} and the axes {image.axes} "
        f"({image.axes_source}), so its strokes need the shape {image.spatial_shape}, "
        f"but they have the shape {tuple(strokes.shape)}. Choose the strokes of this "
        f"image{_other_axes(image, strokes, cure)}."
    )


def _other_axes(image: Image, strokes: ArrayLike, cure: str) -> str:
    if image.axes_source is AxesSource.PERSON:
        return ""
    try:
        axes = axes_for_strokes(image.data.shape, strokes.shape)
    except InputError:
        return ""
    return f", or, if its axes are {axes}, say so with {cure.format(axes=axes)}"

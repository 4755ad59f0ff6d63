"""A small picture of a segmentation, for a list of versions."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.layers.colors import class_color
from napari_garage_unet.session.results.result import Result

MAX_SIDE_PIXELS = 96
"""Pixels of the longer side of a picture at most."""

OPACITY = 0.65
"""Opacity of the classes on the image, 0 to 1."""


def labels_of(result: Result, index: PlaneIndex) -> NDArray[Any]:
    """Copy what a result shows of a plane, as small as a picture of it."""
    image = result.image
    labels = np.asarray(result.pixels[image.spatial_key(index)])
    if image.is_transposed:
        labels = labels.T
    step = _step(image)
    return labels[::step, ::step].copy()


def thumbnail(
    result: Result, index: PlaneIndex, labels: NDArray[Any]
) -> NDArray[np.uint8]:
    """Draw what a result shows of a plane: classes in colour on a grey image.

    Parameters
    ----------
    result
        The segmentation, of whose image the plane is read.
    index
        Which plane.
    labels
        Its labels, as from `labels_of`.

    Returns
    -------
    ndarray of shape (h, w, 3), uint8
        The longer side has at most `MAX_SIDE_PIXELS` pixels; the background class and
        what is unlabelled show the image.
    """
    image = result.image
    step = _step(image)
    grey = _grey(np.asarray(image.plane(index))[::step, ::step])
    picture = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    for info in result.classes:
        if info.background:
            continue
        digits = class_color(info).lstrip("#")
        color = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], float)
        here = labels == info.id
        picture[here] += OPACITY * (color - picture[here])
    return np.rint(picture).astype(np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode an RGB picture as PNG."""
    from PIL import Image as Picture

    buffer = io.BytesIO()
    Picture.fromarray(picture).save(buffer, "png")
    return buffer.getvalue()


def _step(image: Image) -> int:
    """Return how many pixels of a plane become one of a picture."""
    return max(1, -(-max(image.plane_shape) // MAX_SIDE_PIXELS))


def _grey(plane: NDArray[Any]) -> NDArray[np.float64]:
    """Return ``(H, W)`` from 20 to 220: the mean of the channels, by percentiles."""
    grey: NDArray[np.float64] = np.nan_to_num(plane.astype(np.float64).mean(axis=-1))
    low, high = np.percentile(grey, (1, 99))
    scaled: NDArray[np.float64] = np.clip((grey - low) / max(high - low, 1e-12), 0, 1)
    return scaled * 200 + 20

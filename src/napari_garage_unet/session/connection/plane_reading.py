"""Reading planes of images that are not in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.lazy import is_in_memory, read_part
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock

MAX_WHOLE_COPY_BYTES = 100_000_000
"""Size of the largest image that is copied at once, without a noticeable pause."""

MAX_PLANE_VALUES = 500_000_000
"""Values of the largest plane that is read; learning takes four bytes for each, several
times over."""


def is_read_by_plane(image: Image) -> bool:
    """Whether an image is too large to be copied at once, or not in memory."""
    size = prod(image.data.shape) * np.dtype(image.data.dtype).itemsize
    return not is_in_memory(image.data) or size > MAX_WHOLE_COPY_BYTES


def check_plane_size(image: Image) -> None:
    """Refuse an image with planes that are too large, before anything is read.

    Raises
    ------
    InputError
        If a plane has more than `MAX_PLANE_VALUES` values and is not in memory.
    """
    height, width = image.plane_shape
    values = height * width * image.n_channels
    if is_in_memory(image.data) or values <= MAX_PLANE_VALUES:
        return
    side = int((MAX_PLANE_VALUES / image.n_channels) ** 0.5) // 1000 * 1000
    raise InputError(
        f"{image.name!r} has {height} x {width} pixels in one plane, which take "
        f"{4 * values / 1e9:.1f} GB to learn from, several times over; crop it to at "
        f"most about {side} x {side} pixels, or open a smaller level of it as an image "
        "of its own."
    )


def read_plane(image: Image, index: PlaneIndex) -> SharedBlock:
    """Read a plane into shared memory, see `read_part`; to be called in a thread.

    Raises
    ------
    InputError
        If it cannot be read.
    EngineError
        If there is not enough shared memory.
    """
    return SharedBlock.copy_of(read_part(image, index))


def painted_planes(
    image: Image,
    strokes: NDArray[Any],
    starts: Sequence[Iterable[int]],
) -> list[PlaneIndex]:
    """Find the planes on which something is painted.

    Parameters
    ----------
    image
        The image.
    strokes
        A part of its strokes, with all of their axes.
    starts
        For each axis the positions that the part holds, in order.
    """
    axes = image.spatial_axes
    filled = strokes.any(axis=tuple(i for i, axis in enumerate(axes) if axis in "yx"))
    positions = [
        list(held)
        for held, axis in zip(starts, axes, strict=True)
        if axis in image.stack_axes
    ]
    return [
        tuple(held[i] for held, i in zip(positions, at, strict=True))
        for at in np.argwhere(filled).tolist()
    ]


def drop(reading: Future[SharedBlock]) -> None:
    """Read a plane no more; if it is being read, free it once it was."""
    if not reading.cancel():
        reading.add_done_callback(_free)


def _free(reading: Future[SharedBlock]) -> None:
    if not reading.cancelled() and reading.exception() is None:
        reading.result().close()

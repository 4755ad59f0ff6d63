"""Whether values can be strokes, and what they are if not.

A picture, a mask that was resized with smoothing and objects that are numbered one by
one are arrays of whole numbers as strokes are. Learning from them gives hundreds of odd
classes, so they are refused before anything else is done with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_garage_unet.engine.class_ids import check_class_ids
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import ArrayLike, Image

MAX_CLASSES = 64
"""Most classes that strokes may have."""

MIN_SUSPICIOUS_CLASSES = 8
"""Ids from which on their pixels are looked at; fewer are always taken for classes."""

MIN_INSTANCES = 20
"""Ids from which on one patch for each of them is taken for numbered objects."""

MIN_INSTANCE_PIXELS = 8
"""Mean size of such a patch; smaller ones are pixels of a picture."""

MAX_UNEVEN_FRACTION = 0.3
"""Share of neighbouring painted pixels that differ, above which it is a picture."""

MIN_BETWEEN_FRACTION = 0.8
"""Share of the pixels of an id that lie on a slope between others, above which
smoothing has made the id."""

MIN_FLAT_FRACTION = 0.25
"""Share of a smoothed mask that its own ids, or 0, still hold."""

MAX_PIXELS_LOOKED_AT = 1 << 22


def check_stroke_values(
    strokes: ArrayLike, *, name: str, image: Image | None = None
) -> None:
    """Check that values can be strokes.

    Parameters
    ----------
    strokes
        ``(*spatial)`` bool or whole numbers.
    name
        What they are, as the beginning of a sentence: "The strokes of a.tif".
    image
        Their image; if its values could be strokes, the two may have been swapped.

    Raises
    ------
    InputError
        If an id is out of its limits, or there are so many ids, or such ones, that they
        cannot be classes; with the number of different ids and the likely cause.
    """
    values = np.asarray(strokes)
    ids = _ids(values)
    check_class_ids(
        ids[ids != 0][[0, -1]].tolist() if ids.any() else [], of=f"{name} hold"
    )
    ids = ids[ids != 0]
    if ids.size < MIN_SUSPICIOUS_CLASSES:
        return
    cause = _cause(_part(values), ids)
    if not cause and ids.size <= MAX_CLASSES:
        return
    if image is not None and _could_be_strokes(image):
        cause = (
            f"image and strokes are probably swapped, since {image.name} itself has "
            f"{_count(image)}"
        )
    raise InputError(
        f"{name} hold {ids.size} different ids, which cannot be classes: "
        f"{cause or f'at most {MAX_CLASSES} are possible'}."
    )


def doubt_about(strokes: ArrayLike, *, name: str) -> str:
    """Say that strokes may be numbered objects, where that cannot be known.

    Parameters
    ----------
    strokes, name
        As for `check_stroke_values`, which they have passed.

    Returns
    -------
    str
        A sentence; empty where there are few ids or one of several patches.
    """
    values = np.asarray(strokes)
    ids = _ids(values)
    ids = ids[ids != 0]
    if ids.size < MIN_SUSPICIOUS_CLASSES or not _is_of_instances(_part(values)):
        return ""
    return (
        f"{name} hold {ids.size} classes, each in one patch; if they are objects "
        "numbered one by one (instance labels), give all objects of a class the same "
        "id."
    )


def _cause(plane: NDArray[Any], ids: NDArray[Any]) -> str:
    """Say in words what values are that are no strokes; empty where they may be."""
    if _is_smoothed(plane):
        return (
            "most of them lie between others at edges, so it looks like a mask resized "
            "or saved with smoothing, as JPEG does; resize it without (nearest "
            "neighbour) and save it as PNG or TIFF"
        )
    if _is_uneven(plane):
        return (
            "it looks like a picture, not like strokes; choose the layer or file with "
            "the painted classes"
        )
    if ids.size >= MIN_INSTANCES and _is_of_instances(plane):
        return (
            "each is one patch, so it looks like objects numbered one by one (instance "
            "labels); give all objects of a class the same id"
        )
    return ""


def _is_uneven(plane: NDArray[Any]) -> bool:
    """Whether values differ from pixel to pixel."""
    different = painted = 0
    for axis in range(plane.ndim):
        along = np.moveaxis(plane, axis, 0)
        both = (along[1:] != 0) & (along[:-1] != 0)
        painted += int(np.count_nonzero(both))
        different += int(np.count_nonzero(both & (along[1:] != along[:-1])))
    return different > MAX_UNEVEN_FRACTION * max(painted, 1)


def _is_smoothed(plane: NDArray[Any]) -> bool:
    """Whether most ids occur only on slopes between others, or as their ringing.

    Smoothing makes slopes; resampling that sharpens and lossy compression such as JPEG
    make values beside edges that are nowhere three pixels wide and touch one another.
    """
    low, high = ndimage.minimum_filter(plane, 3), ndimage.maximum_filter(plane, 3)
    painted = plane != 0
    slope = (low < plane) & (plane < high)
    # Unpainted pixels do not count as neighbours, so that points and thin strokes pass.
    lowest = ndimage.minimum_filter(np.where(painted, plane, high.max()), 3)
    touches = (high > plane) | (lowest < plane)
    ids, numbers = np.unique(plane[painted], return_counts=True)
    on_slope = _numbers(plane, painted & slope, ids)
    touching = _numbers(plane, painted & touches, ids)
    inside = _numbers(plane, painted & (low == high), ids)
    is_made = (on_slope >= MIN_BETWEEN_FRACTION * numbers) | (
        (touching >= MIN_BETWEEN_FRACTION * numbers) & (inside == 0)
    )
    n_made = np.count_nonzero(is_made)
    n_flat = ids.size - n_made
    flat = numbers[~is_made].sum() + np.count_nonzero(plane == 0)
    return bool(4 * n_flat <= ids.size and flat >= MIN_FLAT_FRACTION * plane.size)


def _numbers(
    plane: NDArray[Any], where: NDArray[np.bool_], ids: NDArray[Any]
) -> NDArray[np.intp]:
    """Return how many pixels of each id are somewhere."""
    return np.unique(np.concatenate([plane[where], ids]), return_counts=True)[1] - 1


def _is_of_instances(plane: NDArray[Any]) -> bool:
    """Whether nearly each id is a single patch."""
    ids = np.unique(plane[plane != 0])
    if np.count_nonzero(plane) < MIN_INSTANCE_PIXELS * ids.size:
        return False
    structure = np.ones((3,) * plane.ndim)
    n_single = 0
    boxes = ndimage.find_objects(np.searchsorted(ids, plane) + 1 * (plane != 0))
    for class_id, box in zip(ids, [b for b in boxes if b is not None], strict=False):
        n_single += ndimage.label(plane[box] == class_id, structure)[1] == 1
    return n_single >= 0.9 * ids.size


def _ids(values: NDArray[Any]) -> NDArray[Any]:
    """Return the different values, plane by plane to need little memory."""
    if values.dtype == bool:
        return np.unique(values).astype(np.uint8)
    planes = values.reshape(-1, *values.shape[-2:]) if values.ndim > 2 else [values]
    found = np.zeros(0, values.dtype)
    for plane in planes:
        if not plane.any():
            continue
        if values.dtype == np.uint8:
            own = np.flatnonzero(np.bincount(plane.ravel(), minlength=1))
            found = np.union1d(found, own.astype(np.uint8))
        else:
            found = np.union1d(found, plane)
    return found


def _part(values: NDArray[Any]) -> NDArray[Any]:
    """Return a painted plane, or a part of it, that is looked at closely."""
    if values.ndim > 2:
        planes = values.reshape(-1, *values.shape[-2:])
        values = max(planes, key=lambda plane: np.count_nonzero(plane))
    side = int(MAX_PIXELS_LOOKED_AT**0.5)
    if values.ndim == 2 and values.size > MAX_PIXELS_LOOKED_AT:
        rows, columns = np.nonzero(values)
        top, left = int(np.median(rows)), int(np.median(columns))
        values = values[
            max(top - side // 2, 0) : top + side // 2,
            max(left - side // 2, 0) : left + side // 2,
        ]
    return values


def _could_be_strokes(image: Image) -> bool:
    """Whether an image in memory has few values, one of them 0, in patches."""
    data = image.data
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "bui":
        return False
    ids = _ids(data)
    n_ids = int(np.count_nonzero(ids))
    return 0 < n_ids < MIN_SUSPICIOUS_CLASSES and not _is_uneven(_part(data))


def _count(image: Image) -> str:
    n_ids = int(np.count_nonzero(_ids(np.asarray(image.data))))
    return "a single value" if n_ids == 1 else f"only {n_ids} different values"


def check_ids_of_classes(ids: Sequence[int], *, name: str) -> None:
    """Check the ids of strokes whose values were checked part by part.

    Parameters
    ----------
    ids
        Painted ids.
    name
        See `check_stroke_values`.

    Raises
    ------
    InputError
        If an id is out of its limits, or there are more than `MAX_CLASSES`.
    """
    check_class_ids(ids, of=f"{name} hold")
    if len(ids) > MAX_CLASSES:
        raise InputError(
            f"{name} hold {len(ids)} different ids, which cannot be classes: at most "
            f"{MAX_CLASSES} are possible."
        )

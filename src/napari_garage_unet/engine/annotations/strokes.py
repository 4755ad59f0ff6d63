"""Strokes: what a person painted, and which of it is kept to check the result.

A *stroke* is a connected patch of one class. Some strokes are held out: the network
does not learn from them, they tell how well it does. Which ones is decided by a hash
of the stroke's class and place, so the choice stays the same between runs and when
other strokes are added, as long as a class is not at its limits: at least one stroke
is held out, at most half of them. The place is one of the cells the stroke touches, the
one with the least hash (minwise hashing, Broder 1997): a stroke that grows keeps it as
likely as that cell is among those it had before, and strokes that become one keep the
place of one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import ArrayLike, Image, PlaneIndex

MIN_STROKES_TO_HOLD_OUT = 5
"""A class with fewer strokes needs each of them to learn from."""

LARGEST_STROKE = 128
"""Side in pixels of the blocks a larger patch is cut into before some are held out."""

CELL = 8
"""Side in pixels of the cells one of which is the place of a stroke."""


@dataclass(frozen=True, slots=True, eq=False)
class StrokedPlane:
    """One plane that has strokes.

    Parameters
    ----------
    image
        Number of the image in the list it came with.
    index
        Position of the plane in that image.
    strokes
        ``(H, W)`` int32, class ids as painted, 0 where nothing is painted.
    held_out
        ``(H, W)`` bool, the strokes that are not learnt from.
    """

    image: int
    index: PlaneIndex
    strokes: NDArray[np.int32]
    held_out: NDArray[np.bool_]


def check_strokes(image: Image, strokes: ArrayLike) -> None:
    """Raise `InputError` unless `strokes` can belong to `image`."""
    if np.dtype(strokes.dtype).kind not in "bui":
        raise InputError(
            f"The strokes of {image.name} hold values of type {strokes.dtype}; "
            "class ids are whole numbers, so use a Labels layer."
        )
    if tuple(strokes.shape) != image.spatial_shape:
        raise InputError(
            f"{image.name} has shape {image.spatial_shape} without channels and its "
            f"strokes have shape {tuple(strokes.shape)}; "
            "make a new strokes layer for this image."
        )


def count_strokes(strokes: NDArray[Any]) -> dict[int, int]:
    """Count the painted pixels of each class.

    Parameters
    ----------
    strokes
        Class ids of any shape, 0 = unlabelled.

    Returns
    -------
    dict
        Pixels of each painted id, in the order of the ids.
    """
    strokes = np.asarray(strokes)
    if strokes.dtype == np.uint8:
        counts = np.bincount(strokes.ravel(), minlength=1)
        return {int(i): int(counts[i]) for i in np.flatnonzero(counts) if i > 0}
    ids, numbers = np.unique(strokes[strokes != 0], return_counts=True)
    return {int(i): int(n) for i, n in zip(ids, numbers, strict=True)}


def collect_strokes(
    images: Sequence[Image], strokes: Sequence[ArrayLike], *, held_out: float = 0.0
) -> list[StrokedPlane]:
    """Find the planes that have strokes and hold some strokes out.

    Parameters
    ----------
    images
        The images.
    strokes
        One array of class ids per image, of the image's spatial shape.
    held_out
        Share of the strokes to hold out, 0 to 0.5. A class with fewer than
        `MIN_STROKES_TO_HOLD_OUT` strokes in all planes together keeps all of them.

    Returns
    -------
    list of StrokedPlane

    Raises
    ------
    InputError
        If strokes do not fit their image, are negative, there are none, or all are
        of one class.
    """
    if len(images) != len(strokes):
        raise InputError(
            f"There are {len(images)} images but {len(strokes)} strokes arrays; "
            "each image needs its own."
        )
    planes: list[tuple[int, PlaneIndex, NDArray[np.int32]]] = []
    for number, (image, painted) in enumerate(zip(images, strokes, strict=True)):
        check_strokes(image, painted)
        for index in image.plane_indices():
            plane = image.spatial_plane(painted, index)
            if not plane.any():
                continue
            if plane.min() < 0:
                raise InputError(
                    f"The strokes of {image.name} hold the negative id {plane.min()}; "
                    "class ids start at 1 and 0 means unlabelled."
                )
            planes.append((number, index, plane.astype(np.int32)))
    ids = sorted({i for _, _, plane in planes for i in count_strokes(plane)})
    if not ids:
        raise InputError("Nothing is painted yet; paint a stroke of two classes.")
    if len(ids) == 1:
        raise InputError(
            f"All strokes are of class {ids[0]}; paint a stroke of a second class, "
            "so that there is something to tell apart."
        )
    masks = _hold_out(planes, held_out)
    return [
        StrokedPlane(number, index, plane, mask)
        for (number, index, plane), mask in zip(planes, masks, strict=True)
    ]


def painted_ids(planes: Sequence[StrokedPlane]) -> list[int]:
    """Class ids that occur in the strokes, in ascending order."""
    return sorted({i for plane in planes for i in count_strokes(plane.strokes)})


def find_strokes(
    plane: NDArray[np.int32],
) -> Iterator[tuple[int, tuple[slice, slice], NDArray[np.bool_]]]:
    """Take a plane apart into its strokes.

    Yields
    ------
    class_id : int
    box : tuple of slice
        Where the stroke lies.
    mask : ndarray of bool
        Its pixels within the box.
    """
    patches = measure.label(plane, connectivity=2, background=0)
    for patch in measure.regionprops(patches):
        y, x = patch.slice
        class_id = int(plane[y, x][patch.image][0])
        for top in range(y.start, y.stop, LARGEST_STROKE):
            for left in range(x.start, x.stop, LARGEST_STROKE):
                box = (
                    slice(top, min(top + LARGEST_STROKE, y.stop)),
                    slice(left, min(left + LARGEST_STROKE, x.stop)),
                )
                mask = patches[box] == patch.label
                if mask.any():
                    yield class_id, box, mask


def strokes_of_classes(
    targets: Sequence[NDArray[np.int32]], n_classes: int
) -> NDArray[np.int64]:
    """Count the strokes of each class.

    Parameters
    ----------
    targets
        ``(H, W)`` of each plane, classes counted from 1, 0 = unlabelled.
    n_classes
        How many classes there are.

    Returns
    -------
    ndarray of shape (n_classes,), int64
    """
    numbers = [number - 1 for plane in targets for number, _, _ in find_strokes(plane)]
    return np.bincount(np.array(numbers, np.intp), minlength=n_classes)


def _hold_out(
    planes: Sequence[tuple[int, PlaneIndex, NDArray[np.int32]]], share: float
) -> list[NDArray[np.bool_]]:
    masks = [np.zeros(plane.shape, bool) for _, _, plane in planes]
    if share <= 0:
        return masks
    of_class: dict[int, list[tuple[float, int, Any, Any]]] = {}
    for at, (number, index, plane) in enumerate(planes):
        for class_id, box, mask in find_strokes(plane):
            place = (number, *index, class_id, *_place_of(box, mask))
            entry = (_hash(place), at, box, mask)
            of_class.setdefault(class_id, []).append(entry)
    for entries in of_class.values():
        if len(entries) < MIN_STROKES_TO_HOLD_OUT:
            continue
        # The draw of each stroke depends on itself alone, which keeps it stable; the
        # lowest draw stands in when the share would leave a class unchecked.
        entries.sort(key=lambda entry: entry[0])
        chosen = [entry for entry in entries if entry[0] < share] or entries[:1]
        for _, at, box, mask in chosen[: len(entries) // 2]:
            masks[at][box] |= mask
    return masks


def _place_of(box: tuple[slice, slice], mask: NDArray[np.bool_]) -> tuple[int, int]:
    """The cell with the least hash of those a stroke touches."""
    y, x = np.nonzero(mask)
    y, x = (y + box[0].start) // CELL, (x + box[1].start) // CELL
    least = int(np.argmin(_mix(y.astype(np.uint64) << np.uint64(32) | x.astype("u8"))))
    return int(y[least]), int(x[least])


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash numbers with the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _hash(place: tuple[int, ...]) -> float:
    digest = hashlib.blake2b(repr(place).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64

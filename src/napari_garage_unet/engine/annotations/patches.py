"""Painted patches of a plane, cut into strokes of limited size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from .box2d import Box2D, shifted

MAX_STROKE_SIDE_PIXELS = 128
"""Longest side in pixels of a stroke; a larger patch is cut into blocks of it."""

CELL_SIDE_PIXELS = 8
"""Side in pixels of the cells one of which is the place of a stroke."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A connected patch of one class, or a block of a patch that is larger.

    Parameters
    ----------
    class_id
        Its class.
    box
        Where it lies on the plane; at most `MAX_STROKE_SIDE_PIXELS` a side.
    mask
        ``(h, w)`` bool, its pixels within the box.
    """

    class_id: int
    box: Box2D
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """An 8-connected patch of one class.

    Parameters
    ----------
    first_pixel
        Row and column of its first pixel in reading order; patches are in this order.
    box
        Its bounding box on the plane.
    strokes
        The patch itself, or the blocks it is cut into, row by row of blocks.
    places
        The place of each stroke, by which it is known: of the cells it touches, the
        row and column of the one with the least hash, in units of `CELL_SIDE_PIXELS`
        (minwise hashing, Broder 1997). A stroke that grows keeps its place as likely
        as that cell is among those it had before.
    """

    first_pixel: tuple[int, int]
    box: Box2D
    strokes: tuple[Stroke, ...]
    places: tuple[tuple[int, int], ...]


def find_patches(plane: NDArray[np.int32], corner: tuple[int, int]) -> Iterator[Patch]:
    """Find the patches of a part of a plane.

    Parameters
    ----------
    plane
        ``(h, w)`` class ids, 0 where nothing is painted.
    corner
        Row and column of its first pixel on the whole plane.

    Yields
    ------
    Patch
        In the order of their first pixels.
    """
    # Labels follow the order of the first pixels.
    labels = measure.label(plane, connectivity=2, background=0)
    for number, within in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = box = shifted(within, corner)
        mask = labels[within] == number
        left = int(np.argmax(mask[0]))
        class_id = int(plane[within[0].start, within[1].start + left])
        strokes = tuple(_cut(box, mask, class_id))
        places = tuple(_place_of(stroke) for stroke in strokes)
        yield Patch((rows.start, columns.start + left), box, strokes, places)


def find_strokes(plane: NDArray[np.int32]) -> list[Stroke]:
    """Find the strokes of a plane, in the order of the first pixels of their patches.

    Parameters
    ----------
    plane
        ``(H, W)`` class ids, 0 where nothing is painted.
    """
    return [stroke for patch in find_patches(plane, (0, 0)) for stroke in patch.strokes]


def _cut(box: Box2D, mask: NDArray[np.bool_], class_id: int) -> Iterator[Stroke]:
    """Cut a patch into strokes; one that is small enough is a single stroke."""
    side = MAX_STROKE_SIDE_PIXELS
    height, width = mask.shape
    for top in range(0, height, side):
        for left in range(0, width, side):
            part = (
                slice(top, min(top + side, height)),
                slice(left, min(left + side, width)),
            )
            if mask[part].any():
                at = shifted(part, (box[0].start, box[1].start))
                yield Stroke(class_id, at, mask[part])


def _place_of(stroke: Stroke) -> tuple[int, int]:
    """Find the cell with the least hash of those that a stroke touches."""
    y, x = np.nonzero(stroke.mask)
    y = (y + stroke.box[0].start) // CELL_SIDE_PIXELS
    x = (x + stroke.box[1].start) // CELL_SIDE_PIXELS
    least = int(np.argmin(_mix(y.astype(np.uint64) << np.uint64(32) | x.astype("u8"))))
    return int(y[least]), int(x[least])


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash numbers with the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))

"""The strokes of one plane, found once and kept up to date from the box that changes.

A `StrokeIndex` is what connected-component labelling of the plane gives, and stays
equal to it while boxes of the plane are replaced: only patches that touch a changed
box are labelled again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

MAX_STROKE_PIXELS = 128
"""Longest side in pixels of a stroke; a larger patch is cut into blocks of it."""

CELL_PIXELS = 8
"""Side in pixels of the cells one of which is the place of a stroke."""

Box2D = tuple[slice, slice]
"""Rows and columns of a plane, both with start and stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A connected patch of one class, or a block of a patch that is larger.

    Parameters
    ----------
    class_id
        Its class.
    box
        Where it lies on the plane; at most `MAX_STROKE_PIXELS` a side.
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
        row and column of the one with the least hash, in units of `CELL_PIXELS`
        (minwise hashing, Broder 1997). A stroke that grows keeps its place as likely
        as that cell is among those it had before.
    """

    first_pixel: tuple[int, int]
    box: Box2D
    strokes: tuple[Stroke, ...]
    places: tuple[tuple[int, int], ...]


class StrokeIndex:
    """The connected strokes of a plane.

    Parameters
    ----------
    shape
        Height and width of the plane in pixels; nothing is painted at first.

    Attributes
    ----------
    plane
        ``(H, W)`` int32, class ids as painted, 0 where nothing is painted. It is
        never written to once it is here: a change puts another array in its place.
    patches
        In the order of their first pixels. Replaced, not changed, as well.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.plane: NDArray[np.int32] = np.zeros(shape, np.int32)
        self.patches: tuple[Patch, ...] = ()
        self._counts: Counter[int] = Counter()

    @classmethod
    def of(cls, plane: NDArray[Any]) -> StrokeIndex:
        """Find the strokes of a plane.

        Parameters
        ----------
        plane
            ``(H, W)`` whole numbers, class ids, 0 where nothing is painted.
        """
        index = cls((plane.shape[0], plane.shape[1]))
        index.replace((slice(0, plane.shape[0]), slice(0, plane.shape[1])), plane)
        return index

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels of each painted class id, in the order of the ids."""
        return {i: n for i, n in sorted(self._counts.items()) if n > 0}

    @property
    def stroke_counts(self) -> dict[int, int]:
        """Strokes of each painted class id, in the order of the ids."""
        ids = Counter(s.class_id for patch in self.patches for s in patch.strokes)
        return dict(sorted(ids.items()))

    def replace(self, box: Box2D, values: NDArray[Any]) -> bool:
        """Replace a box of the plane.

        Parameters
        ----------
        box
            Rows and columns, within the plane.
        values
            ``(h, w)`` class ids, 0 where nothing is painted.

        Returns
        -------
        bool
            Whether anything changed.
        """
        before, values = self.plane[box], values.astype(np.int32, copy=False)
        changed = bounding_box(before != values)
        if changed is None:
            return False
        before, values = before[changed], values[changed]
        box = shifted(changed, (box[0].start, box[1].start))
        self._counts.subtract(count_strokes(before))
        self._counts.update(count_strokes(values))
        self.plane = self.plane.copy()
        self.plane[box] = values
        touched: list[Patch] = []
        others: list[Patch] = []
        for patch in self.patches:
            (touched if _touches(patch, box) else others).append(patch)
        others += _patches_within(self.plane, box, touched)
        self.patches = tuple(sorted(others, key=lambda patch: patch.first_pixel))
        return True


def count_strokes(strokes: NDArray[Any]) -> dict[int, int]:
    """Count the painted pixels of each class.

    Parameters
    ----------
    strokes
        Class ids of any shape, 0 where nothing is painted.

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


def bounding_box(mask: NDArray[np.bool_]) -> Box2D | None:
    """Find the smallest box around the True pixels of ``(H, W)``; None without any."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return slice(top, bottom), slice(int(columns[0]), int(columns[-1]) + 1)


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


def shifted(box: Box2D, corner: tuple[int, int]) -> Box2D:
    """Move a box, counted from a corner of a plane, to where it lies on the plane."""
    (rows, columns), (top, left) = box, corner
    return (
        slice(rows.start + top, rows.stop + top),
        slice(columns.start + left, columns.stop + left),
    )


def hull(boxes: Sequence[Box2D]) -> Box2D:
    """Find the smallest box that holds all boxes, of which there is at least one."""
    return (
        slice(min(y.start for y, _ in boxes), max(y.stop for y, _ in boxes)),
        slice(min(x.start for _, x in boxes), max(x.stop for _, x in boxes)),
    )


def within(region: Box2D, box: Box2D) -> Box2D:
    """A box of the plane, counted from the corner of a region that holds it."""
    return shifted(box, (-region[0].start, -region[1].start))


def _patches_within(
    plane: NDArray[np.int32], box: Box2D, touched: Sequence[Patch]
) -> Iterator[Patch]:
    """Label a changed box together with the patches that touched it before."""
    region = hull([box, *(patch.box for patch in touched)])
    belongs = np.zeros([span.stop - span.start for span in region], bool)
    belongs[within(region, box)] = True
    for patch in touched:
        for stroke in patch.strokes:
            belongs[within(region, stroke.box)] |= stroke.mask
    part = np.where(belongs, plane[region], 0)
    return find_patches(part, (region[0].start, region[1].start))


def _cut(box: Box2D, mask: NDArray[np.bool_], class_id: int) -> Iterator[Stroke]:
    """Cut a patch into strokes; one that is small enough is a single stroke."""
    side = MAX_STROKE_PIXELS
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
    y = (y + stroke.box[0].start) // CELL_PIXELS
    x = (x + stroke.box[1].start) // CELL_PIXELS
    least = int(np.argmin(_mix(y.astype(np.uint64) << np.uint64(32) | x.astype("u8"))))
    return int(y[least]), int(x[least])


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash numbers with the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _touches(patch: Patch, box: Box2D) -> bool:
    """Whether a patch has a pixel in a box or beside it, corners included."""
    wider = tuple(slice(span.start - 1, span.stop + 1) for span in box)
    if not _overlap(patch.box, (wider[0], wider[1])):
        return False
    for stroke in patch.strokes:
        part = tuple(
            slice(max(mine.start, span.start) - mine.start, span.stop - mine.start)
            for mine, span in zip(stroke.box, wider, strict=True)
            if mine.start < span.stop and span.start < mine.stop
        )
        if len(part) == 2 and stroke.mask[part].any():
            return True
    return False


def _overlap(one: Box2D, other: Box2D) -> bool:
    return all(
        a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True)
    )

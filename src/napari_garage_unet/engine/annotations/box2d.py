"""Boxes on a plane, as pairs of slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Box2D = tuple[slice, slice]
"""Rows and columns of a plane, both with start and stop."""


def bounding_box(mask: NDArray[np.bool_]) -> Box2D | None:
    """Find the smallest box around the True pixels of ``(H, W)``; None without any."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return slice(top, bottom), slice(int(columns[0]), int(columns[-1]) + 1)


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


def overlap(one: Box2D, other: Box2D) -> bool:
    """Whether two boxes share a pixel."""
    return all(
        a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True)
    )

"""The strokes of one plane, found once and kept up to date from the box that changes.

A `StrokeIndex` is what connected-component labelling of the plane gives, and stays
equal to it while boxes of the plane are replaced: only patches that touch a changed
box are labelled again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box2d import Box2D, bounding_box, hull, overlap, shifted, within
from .patches import Patch, find_patches


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
        self._counts.subtract(count_painted_pixels(before))
        self._counts.update(count_painted_pixels(values))
        self.plane = self.plane.copy()
        self.plane[box] = values
        touched: list[Patch] = []
        others: list[Patch] = []
        for patch in self.patches:
            (touched if _touches(patch, box) else others).append(patch)
        others += _patches_within(self.plane, box, touched)
        self.patches = tuple(sorted(others, key=lambda patch: patch.first_pixel))
        return True


def count_painted_pixels(strokes: NDArray[Any]) -> dict[int, int]:
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


def _touches(patch: Patch, box: Box2D) -> bool:
    """Whether a patch has a pixel in a box or beside it, corners included."""
    wider = tuple(slice(span.start - 1, span.stop + 1) for span in box)
    if not overlap(patch.box, (wider[0], wider[1])):
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

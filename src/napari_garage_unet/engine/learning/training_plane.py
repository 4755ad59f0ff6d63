"""A plane with strokes, as learners take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.patches import find_strokes
from napari_garage_unet.engine.features.feature_maps import FeatureMaps


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """Numbers of painted pixels and strokes, in the order of the network's outputs.

    Parameters
    ----------
    pixels
        ``(n_classes,)`` painted pixels.
    strokes
        ``(n_classes,)`` strokes.
    """

    pixels: NDArray[np.int64]
    strokes: NDArray[np.int64]

    @classmethod
    def of(cls, targets: NDArray[np.int32], n_classes: int) -> ClassCounts:
        """Count the pixels and strokes of a plane, or of a part of it.

        Parameters
        ----------
        targets
            ``(H, W)``: 0 unlabelled, ``k + 1`` class number ``k``.
        n_classes
            Number of classes.
        """
        pixels = np.bincount(targets.ravel(), minlength=n_classes + 1)[1:]
        numbers = [stroke.class_id - 1 for stroke in find_strokes(targets)]
        strokes = np.bincount(np.array(numbers, np.intp), minlength=n_classes)
        return cls(pixels, strokes)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPlane:
    """A stroked plane and the features under it.

    Parameters
    ----------
    targets
        ``(H, W)`` int32 of the padded plane: 0 is unlabelled, ``k + 1`` is class
        number ``k``.
    region
        Returns the feature maps of a region, ``region(rows, columns)``; both slices
        are in pixels and begin and end at multiples of the network's stride.
    key
        Number of the image, then the position of the plane in it; no two planes of a
        training have the same.
    held_out
        ``(H, W)`` bool, labelled pixels that belong to held-out strokes; None if there
        are none.
    counts
        Pixels and strokes of each class, held out or not; None if not counted yet.
    no_data
        ``(H, W)`` bool, pixels that have no data; None if all have. None of them is
        labelled.
    """

    targets: NDArray[np.int32]
    region: Callable[[slice, slice], FeatureMaps]
    key: tuple[int, ...] = ()
    held_out: NDArray[np.bool_] | None = None
    counts: ClassCounts | None = None
    no_data: NDArray[np.bool_] | None = None

    @property
    def held_out_mask(self) -> NDArray[np.bool_]:
        """``(H, W)`` bool, the held-out pixels, also where there are none."""
        if self.held_out is None:
            return np.zeros(self.targets.shape, bool)
        return self.held_out

    def cells_with_data(
        self, rows: slice, columns: slice, *, step: int
    ) -> NDArray[np.bool_] | None:
        """Return which cells of a region have data, row by row; None if all have.

        Parameters
        ----------
        rows, columns
            The region in pixels.
        step
            Pixels from one cell to the next.

        Returns
        -------
        ndarray of shape (n_cells,), bool, or None
        """
        if self.no_data is None:
            return None
        there = ~self.no_data[rows, columns][::step, ::step].ravel()
        return None if there.all() else there

    def without_held_out(self) -> TrainingPlane:
        """Return the plane with the held-out pixels unlabelled."""
        if self.held_out is None:
            return self
        return dataclasses.replace(
            self,
            targets=np.where(self.held_out, 0, self.targets),
            held_out=None,
            counts=None,
        )

    def count_classes(self, n_classes: int) -> ClassCounts:
        """Return pixels and strokes of each class; counted if they are not known."""
        return self.counts or ClassCounts.of(self.targets, n_classes)


def add_counts(counts: Iterable[ClassCounts]) -> ClassCounts:
    """Add up the counts of at least one plane."""
    listed = list(counts)
    return ClassCounts(
        np.sum([one.pixels for one in listed], axis=0),
        np.sum([one.strokes for one in listed], axis=0),
    )

"""A plane with strokes to learn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.stroke_index import find_strokes
from napari_garage_unet.engine.features.feature_maps import FeatureMaps


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """What is painted of each class, in the order of the network's outputs.

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
        """Count what is painted on a plane, or a part of it.

        Parameters
        ----------
        targets
            ``(H, W)``: 0 unlabelled, ``k + 1`` class number ``k``.
        n_classes
            How many classes there are.
        """
        pixels = np.bincount(targets.ravel(), minlength=n_classes + 1)[1:]
        numbers = [stroke.class_id - 1 for stroke in find_strokes(targets)]
        strokes = np.bincount(np.array(numbers, np.intp), minlength=n_classes)
        return cls(pixels, strokes)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPlane:
    """A plane ready to be learnt from.

    Parameters
    ----------
    targets
        ``(H, W)`` int32 of the padded plane: 0 unlabelled, ``k + 1`` class
        number ``k``.
    region
        Gives the taps of a region, ``region(rows, columns)``.
    key
        Tells planes apart: number of the image, then position in it.
    held_out
        ``(H, W)`` bool, labelled pixels that something is to be checked on; none when
        left out.
    counts
        What is painted, held out or not; None where nobody has counted.
    """

    targets: NDArray[np.int32]
    region: Callable[[slice, slice], FeatureMaps]
    key: tuple[int, ...] = ()
    held_out: NDArray[np.bool_] | None = None
    counts: ClassCounts | None = None

    @property
    def kept_back(self) -> NDArray[np.bool_]:
        """The held-out pixels, also where there are none."""
        if self.held_out is None:
            return np.zeros(self.targets.shape, bool)
        return self.held_out

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
        """Count what is painted, unless that is known."""
        return self.counts or ClassCounts.of(self.targets, n_classes)

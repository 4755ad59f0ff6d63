"""A plane with strokes to learn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import FeatureMaps


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
    """

    targets: NDArray[np.int32]
    region: Callable[[slice, slice], FeatureMaps]
    key: tuple[int, ...] = ()
    held_out: NDArray[np.bool_] | None = None

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
            self, targets=np.where(self.held_out, 0, self.targets), held_out=None
        )

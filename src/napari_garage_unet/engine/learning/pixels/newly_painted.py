"""What has been painted since the network learnt last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.box2d import bounding_box
from napari_garage_unet.engine.learning.training_plane import (
    ClassCounts,
    TrainingPlane,
)


def find_newly_painted(
    before: NDArray[np.int32] | None, plane: TrainingPlane, n_classes: int
) -> tuple[NDArray[np.bool_], ClassCounts]:
    """Find the labelled pixels whose class was another one before, or none.

    Parameters
    ----------
    before
        ``(H, W)`` targets of the plane when it was learnt from last. None, or of
        another shape, where it never was: all that is painted is new then.
    plane
        The plane now.
    n_classes
        How many classes there are.

    Returns
    -------
    newly_painted : ndarray of shape (H, W), bool
    counts : ClassCounts
        Pixels and strokes of the newly painted alone.
    """
    if before is None or before.shape != plane.targets.shape:
        return plane.targets > 0, plane.count_classes(n_classes)
    is_new = np.zeros(plane.targets.shape, bool)
    box = bounding_box(plane.targets != before)
    if box is None:
        nothing = np.zeros(n_classes, np.int64)
        return is_new, ClassCounts(nothing, nothing)
    now = np.where(plane.targets[box] != before[box], plane.targets[box], 0)
    is_new[box] = now > 0
    return is_new, ClassCounts.of(now, n_classes)

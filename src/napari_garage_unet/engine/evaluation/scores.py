"""How much of a segmentation is right, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError


@dataclass(frozen=True, slots=True)
class Scores:
    """ValidationScore of a segmentation with the truth.

    Parameters
    ----------
    accuracy
        Share of the pixels whose class is right.
    mean_iou
        Mean of `iou`.
    iou
        Intersection over union of each class that occurs in the truth, by class id.
    pixels
        How many pixels were compared.
    """

    accuracy: float
    mean_iou: float
    iou: dict[int, float]
    pixels: int


def score(
    truth: NDArray[Any], labels: NDArray[Any], *, strokes: NDArray[Any] | None = None
) -> Scores:
    """Compare a segmentation with the truth on the pixels nobody painted.

    Parameters
    ----------
    truth
        Class ids of any shape; 0 = not known, left out.
    labels
        Segmentation of the same shape; 0 = undecided, which is never right.
    strokes
        Painted pixels (not 0) are left out; None leaves nothing out.

    Raises
    ------
    InputError
        If the shapes differ or no pixel is left to compare.
    """
    if truth.shape != labels.shape or (
        strokes is not None and strokes.shape != truth.shape
    ):
        raise InputError(
            f"The truth has shape {truth.shape}, the segmentation {labels.shape}"
            + (f" and the strokes {strokes.shape}" if strokes is not None else "")
            + "; they have to be the same."
        )
    counts = truth != 0
    if strokes is not None:
        counts &= strokes == 0
    wanted, found = truth[counts], labels[counts]
    if not wanted.size:
        raise InputError("There is no pixel of known class that nobody painted.")
    iou = {}
    for class_id in np.unique(wanted):
        of_class, said = wanted == class_id, found == class_id
        iou[int(class_id)] = float((of_class & said).sum() / (of_class | said).sum())
    return Scores(
        accuracy=float(np.mean(wanted == found)),
        mean_iou=float(np.mean(list(iou.values()))),
        iou=iou,
        pixels=int(wanted.size),
    )

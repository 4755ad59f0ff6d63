"""Agreement of segmentations with the truth, on the pixels that are not painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_garage_unet.engine.evaluation.matching import IntImage


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement of results with the truth.

    Parameters
    ----------
    mean_iou : float
        Intersection over union, averaged over the classes that occur in the truth.
    accuracy : float
        Fraction of the pixels whose class is right.
    """

    mean_iou: float
    accuracy: float


def score(
    truths: Sequence[IntImage],
    results: Sequence[IntImage],
    *,
    strokes: Sequence[IntImage] | None = None,
) -> Scores:
    """Score results on all labelled pixels that are not painted.

    The pixels of all pictures are counted together, so that a class counts once, even
    if it fills one picture and is tiny in another.

    Parameters
    ----------
    truths : sequence of (H, W) int
        Class ids from 1; 0 = ignored.
    results : sequence of (H, W) int
        Segmentations, ids as in the truth; 0 = undecided, which is never right.
    strokes : sequence of (H, W) int, optional
        Painted pixels (not 0) are left out. Nothing is left out by default.

    Returns
    -------
    Scores
        Mean intersection over union and accuracy.

    Raises
    ------
    ValueError
        If shapes differ or no pixel is left to score.
    """
    painted = strokes or [np.zeros_like(truth) for truth in truths]
    wanted: list[IntImage] = []
    found: list[IntImage] = []
    for truth, result, stroke in zip(truths, results, painted, strict=True):
        if not truth.shape == result.shape == stroke.shape:
            raise ValueError(
                f"Truth {truth.shape}, result {result.shape} and strokes "
                f"{stroke.shape} must have one shape."
            )
        counts = (truth != 0) & (stroke == 0)
        wanted.append(truth[counts])
        found.append(result[counts])
    return _agreement(np.concatenate(wanted), np.concatenate(found))


def _agreement(wanted: IntImage, found: IntImage) -> Scores:
    if wanted.size == 0:
        raise ValueError("No labelled pixel is left to score.")
    ious = []
    for class_id in np.unique(wanted):
        is_class, is_found = wanted == class_id, found == class_id
        ious.append((is_class & is_found).sum() / (is_class | is_found).sum())
    return Scores(
        mean_iou=float(np.mean(ious)), accuracy=float(np.mean(wanted == found))
    )

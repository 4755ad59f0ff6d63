"""Pixel scores of segmentations against a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement of segmentations with the truth.

    Parameters
    ----------
    accuracy
        Fraction of the pixels with the true class, from 0 to 1.
    mean_iou
        Mean of `iou`.
    iou
        Intersection over union of each class in the truth, from 0 to 1, by class id.
    pixels
        Number of compared pixels.
    """

    accuracy: float
    mean_iou: float
    iou: dict[int, float]
    pixels: int


def score(
    truth: NDArray[Any], labels: NDArray[Any], *, strokes: NDArray[Any] | None = None
) -> Scores:
    """Compare a segmentation with the truth.

    Parameters
    ----------
    truth
        Class ids of any shape; 0 = unknown, ignored.
    labels
        Segmentation of the same shape; 0 = no class, which is always an error.
    strokes
        Painted pixels (not 0) of the same shape, which are ignored; None for none.

    Raises
    ------
    InputError
        If the shapes differ or no pixel is left to compare.
    """
    return score_all([truth], [labels], strokes=None if strokes is None else [strokes])


def score_all(
    truths: Sequence[NDArray[Any]],
    results: Sequence[NDArray[Any]],
    *,
    strokes: Sequence[NDArray[Any]] | None = None,
) -> Scores:
    """Compare several segmentations with the truth, see `score`.

    The pixels of all images are counted together, so a class that is frequent in one
    image and rare in another counts once.

    Parameters
    ----------
    truths, results, strokes
        One array per image.

    Raises
    ------
    InputError
        If shapes differ or no pixel is left to compare.
    """
    expected, found = [], []
    nothing: Sequence[NDArray[Any] | None] = [None] * len(truths)
    painted = nothing if strokes is None else strokes
    for truth, labels, stroke in zip(truths, results, painted, strict=True):
        counts = _counted(truth, labels, stroke)
        expected.append(truth[counts])
        found.append(labels[counts])
    return _agreement(np.concatenate(expected), np.concatenate(found))


def _counted(
    truth: NDArray[Any], labels: NDArray[Any], strokes: NDArray[Any] | None
) -> NDArray[np.bool_]:
    """Return which pixels are compared, bool of the shape of `truth`."""
    if truth.shape != labels.shape or (
        strokes is not None and strokes.shape != truth.shape
    ):
        raise InputError(
            f"The truth has shape {truth.shape}, the segmentation {labels.shape}"
            + (f" and the strokes {strokes.shape}" if strokes is not None else "")
            + "; they have to be the same."
        )
    counts: NDArray[np.bool_] = truth != 0
    return counts if strokes is None else counts & (strokes == 0)


def _agreement(expected: NDArray[Any], found: NDArray[Any]) -> Scores:
    """Score ``(n,)`` labels against the true ones of the same pixels."""
    if not expected.size:
        raise InputError("There is no pixel of known class that nobody painted.")
    iou = {}
    for class_id in np.unique(expected):
        of_class, labelled = expected == class_id, found == class_id
        iou[int(class_id)] = float(
            (of_class & labelled).sum() / (of_class | labelled).sum()
        )
    return Scores(
        accuracy=float(np.mean(expected == found)),
        mean_iou=float(np.mean(list(iou.values()))),
        iou=iou,
        pixels=int(expected.size),
    )

"""How much of a segmentation is right, on the pixels that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntImage = NDArray[np.integer]


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
    """Score results on all labelled pixels that nobody painted.

    The pixels of all pictures are counted together, so a class that fills one
    picture and is a speck in another is judged once.

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
        is_class, said_class = wanted == class_id, found == class_id
        ious.append((is_class & said_class).sum() / (is_class | said_class).sum())
    return Scores(
        mean_iou=float(np.mean(ious)), accuracy=float(np.mean(wanted == found))
    )


@dataclass(frozen=True, slots=True)
class Matches:
    """Found objects against true ones.

    Parameters
    ----------
    right : int
        Pairs that overlap enough.
    wrong : int
        Found objects without a partner.
    missed : int
        True objects without a partner.
    """

    right: int
    wrong: int
    missed: int

    def __add__(self, other: Matches) -> Matches:
        """Count the objects of several pictures together."""
        return Matches(
            self.right + other.right,
            self.wrong + other.wrong,
            self.missed + other.missed,
        )

    @property
    def average_precision(self) -> float:
        """``right / (right + wrong + missed)``, as the Data Science Bowl 2018 scored.

        NaN where there is nothing to find and nothing was found.
        """
        total = self.right + self.wrong + self.missed
        return self.right / total if total else float("nan")


def match_objects(truth: IntImage, found: IntImage, *, min_iou: float = 0.5) -> Matches:
    """Pair found objects with true ones that they overlap.

    Parameters
    ----------
    truth, found : (*spatial) int
        Ids of objects, 0 = none.
    min_iou : float, optional
        Pairs have an intersection over union of more than this. From one half on,
        each object is in one pair at most.

    Raises
    ------
    ValueError
        If the shapes differ or pairs would be ambiguous.
    """
    if truth.shape != found.shape:
        raise ValueError(f"Truth {truth.shape} and result {found.shape} differ.")
    if min_iou < 0.5:
        raise ValueError("Below one half an object could be in several pairs.")
    true_ids, true_at = np.unique(truth, return_inverse=True)
    found_ids, found_at = np.unique(found, return_inverse=True)
    table = np.zeros((true_ids.size, found_ids.size), np.int64)
    np.add.at(table, (true_at.reshape(-1), found_at.reshape(-1)), 1)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    is_pair = np.divide(table, union) > min_iou
    is_pair = is_pair[np.ix_(true_ids != 0, found_ids != 0)]
    right = int(is_pair.sum())
    return Matches(right, is_pair.shape[1] - right, is_pair.shape[0] - right)

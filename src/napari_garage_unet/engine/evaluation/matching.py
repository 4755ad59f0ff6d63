"""Matching of objects with those of a reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntImage = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Matches:
    """Numbers of matched and unmatched objects.

    Parameters
    ----------
    true_positives
        Pairs of a found and a true object.
    false_positives
        Found objects without a partner.
    false_negatives
        True objects without a partner.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    def __add__(self, other: Matches) -> Matches:
        """Return the counts of both, for instance of several images."""
        return Matches(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def average_precision(self) -> float:
        """Fraction ``TP / (TP + FP + FN)``, from 0 to 1.

        The score of the Data Science Bowl 2018 at one threshold. NaN if there are
        neither true nor found objects.
        """
        total = self.true_positives + self.false_positives + self.false_negatives
        return self.true_positives / total if total else float("nan")


def match_objects(truth: IntImage, found: IntImage, *, min_iou: float = 0.5) -> Matches:
    """Match found objects with the true ones they overlap.

    Parameters
    ----------
    truth, found
        ``(*spatial)`` integer object ids, 0 = none.
    min_iou
        Pairs have an intersection over union above this; at least 0.5, so that each
        object is in one pair at most.

    Raises
    ------
    ValueError
        If the shapes differ or `min_iou` is below 0.5.
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
    true_positives = int(is_pair.sum())
    return Matches(
        true_positives,
        is_pair.shape[1] - true_positives,
        is_pair.shape[0] - true_positives,
    )

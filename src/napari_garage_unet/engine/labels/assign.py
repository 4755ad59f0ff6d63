"""Assignment of a class to each pixel by thresholds.

Class ``c`` is a candidate in a pixel if its probability reaches its threshold,
``p_c >= t_c``. The candidate with the largest ``p_c (1 - t_c) / t_c`` gets the pixel;
ties go to the first class, and a pixel without a candidate gets 0. This is the
cost-sensitive decision of [1]_: with two classes, a threshold of 0.3 gives a class
exactly the pixels in which its probability is at least 0.3, and with equal thresholds
the most probable class gets the pixel.

Probabilities are compared on a grid of 256 levels, so that labels computed from one
byte per class and pixel are those computed from floats. A threshold between two levels
makes the lower level a candidate, so rounding never leaves a pixel without any class;
its weight is that of the middle between the two levels, so two classes never tie.

References
----------
.. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_garage_unet.engine.probabilities import (
    MAX_LEVEL,
    UInt8,
    cache_slices,
    check_probabilities,
)

from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules

UInt16 = npt.NDArray[np.uint16]
Bool = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.unsignedinteger]


def default_threshold(n_classes: int) -> float:
    """Return the threshold of a class whose rule has none.

    Returns
    -------
    float
        ``1 / n_classes``, which the most probable class always reaches; 0.5 for a
        single class against background.
    """
    return 1 / max(n_classes, 2)


def threshold_step(threshold: float) -> int:
    """Return the step of a threshold, its position on the grid of levels.

    An even step ``2 k`` is level ``k`` itself, an odd one lies between two levels.

    Parameters
    ----------
    threshold
        Probability from 0 to 1.

    Returns
    -------
    int
        From 2, which every level above 0 reaches, to 510.
    """
    level = round(threshold * MAX_LEVEL, 6)
    return min(max(math.floor(level), 1), MAX_LEVEL) + min(
        max(math.ceil(level), 1), MAX_LEVEL
    )


def candidate_level(step: int) -> int:
    """Return the lowest level, 1 to 255, that reaches the threshold at `step`."""
    return step // 2


def weight_step(step: int) -> int:
    """Return twice the level whose odds weigh a class with the threshold at `step`.

    Returns
    -------
    int
        Odd, from 1 to 509.
    """
    return step if step % 2 else step - 1


def decision_step(rule: ClassRule, n_classes: int) -> int:
    """Return the step from which on a class is a candidate.

    Parameters
    ----------
    rule
        Rule of the class; `low` counts instead of `threshold` where it is given.
    n_classes
        Number of classes, for the default threshold.

    Returns
    -------
    int
        See `threshold_step`.
    """
    threshold = rule.threshold
    if threshold is None:
        threshold = default_threshold(n_classes)
    return threshold_step(threshold if rule.low is None else min(rule.low, threshold))


def assign_labels(
    probabilities: npt.NDArray[np.generic],
    rules: Rules = None,
    *,
    class_ids: Sequence[int] | None = None,
) -> Labels:
    """Assign a class to each pixel.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)``, float from 0 to 1 or uint8 from `quantize`; both give
        the same labels. Any number of spatial axes. A single class stands against
        background.
    rules
        Thresholds or `ClassRule`, see `Rules`; only `threshold` and `low` are used.
    class_ids
        Value of each class in the result; 1, 2, ... by default.

    Returns
    -------
    ndarray
        ``(*spatial)`` class ids, 0 where no class reaches its threshold; uint8, or
        uint16 if an id is above 255.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
    """
    levels = check_probabilities(probabilities)
    ids = resolve_class_ids(class_ids, len(levels))
    resolved = resolve_rules(rules, ids)
    rows = [
        apply_hysteresis(row, rule, len(ids))
        for row, rule in zip(levels, resolved, strict=True)
    ]
    steps = [decision_step(rule, len(ids)) for rule in resolved]
    ranking = rank(steps)
    labels_of_rank = np.array((0, *ids), label_dtype(ids))[ranking.winner]
    out = np.empty(levels.shape[1:], labels_of_rank.dtype)
    flat_out = out.reshape(-1)
    flat_rows = [row.reshape(-1) for row in rows]
    for part in cache_slices(flat_out.size):
        best = best_rank([row[part] for row in flat_rows], ranking.tables)
        np.take(labels_of_rank, best, out=flat_out[part], mode="clip")
    return out


def label_dtype(class_ids: Sequence[int]) -> np.dtype[Any]:
    """Return the smallest unsigned dtype that holds the ids: uint8 or uint16."""
    return np.dtype(np.uint8 if max(class_ids) <= 255 else np.uint16)


def apply_hysteresis(levels: UInt8, rule: ClassRule, n_classes: int) -> UInt8:
    """Set the levels of a class to 0 outside the regions that hysteresis keeps.

    A class with `low` is a candidate from that lower threshold on, but only in
    connected regions (faces, edges and corners) that reach `threshold` in some pixel.

    Parameters
    ----------
    levels
        ``(*spatial)`` uint8 levels of one class.
    rule
        Rule of the class.
    n_classes
        Number of classes, for the default threshold.

    Returns
    -------
    ndarray
        ``(*spatial)`` uint8; `levels` itself for a rule without `low`, else a copy.

    Notes
    -----
    The two thresholds are those of J. Canny, "A computational approach to edge
    detection", TPAMI 1986.
    """
    if rule.low is None or levels.ndim == 0:
        return levels
    weak = candidate_level(decision_step(rule, n_classes))
    threshold = rule.threshold
    if threshold is None:
        threshold = default_threshold(n_classes)
    strong = candidate_level(threshold_step(threshold))
    structure = ndimage.generate_binary_structure(levels.ndim, levels.ndim)
    regions, count = ndimage.label(levels >= weak, structure)
    kept = np.zeros(count + 1, np.uint8)
    kept[regions[levels >= strong]] = 1
    reached: UInt8 = levels * kept[regions]
    return reached


class Ranking:
    """A strict order of all pairs of class and level.

    Attributes
    ----------
    tables
        One ``(256,)`` uint16 table of ranks per class; 0 for levels below its
        threshold. The larger rank wins, and no two pairs have the same.
    winner
        ``(1 + n_ranks,)`` uint16, number of the class with each rank, from 1; 0 for
        rank 0.
    level
        ``(1 + n_ranks,)`` uint8, level of each rank.
    """

    __slots__ = ("level", "tables", "winner")

    def __init__(self, tables: list[UInt16], winner: UInt16, level: UInt8) -> None:
        self.tables = tables
        self.winner = winner
        self.level = level


def rank(steps: Sequence[int]) -> Ranking:
    """Order all pairs of class and level by their weighted probability.

    Parameters
    ----------
    steps
        `decision_step` of each class.

    Notes
    -----
    The scores are quotients of integers below ``2**17`` and ``2**9``, so equal ones are
    equal in float64 and different ones differ. 255 classes with 255 levels fit into
    uint16.
    """
    if not steps:
        return Ranking([], np.zeros(1, np.uint16), np.zeros(1, np.uint8))
    classes, levels, scores = [], [], []
    for index, step in enumerate(steps):
        reached = np.arange(candidate_level(step), MAX_LEVEL + 1)
        weight = weight_step(step)
        classes.append(np.full(reached.size, index))
        levels.append(reached)
        scores.append(reached * (2 * MAX_LEVEL - weight) / weight)
    class_of, level_of = np.concatenate(classes), np.concatenate(levels)
    order = np.lexsort((-class_of, np.concatenate(scores)))
    class_of, level_of = class_of[order], level_of[order]
    tables = np.zeros((len(steps), MAX_LEVEL + 1), np.uint16)
    tables[class_of, level_of] = np.arange(1, order.size + 1)
    return Ranking(
        list(tables),
        np.concatenate(([0], class_of + 1)).astype(np.uint16),
        np.concatenate(([0], level_of)).astype(np.uint8),
    )


def best_rank(rows: Sequence[UInt8], tables: Sequence[UInt16]) -> UInt16:
    """Return the largest rank in each pixel.

    Parameters
    ----------
    rows
        ``(n_pixels,)`` uint8 levels of each class.
    tables
        `Ranking.tables`.

    Returns
    -------
    ndarray
        ``(n_pixels,)`` uint16; 0 where there is no candidate.
    """
    best: UInt16 = np.take(tables[0], rows[0], mode="clip")
    for row, table in zip(rows[1:], tables[1:], strict=True):
        np.maximum(best, np.take(table, row, mode="clip"), out=best)
    return best

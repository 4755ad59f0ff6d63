"""From probabilities to labels.

Class ``c`` is a candidate in a pixel where its probability reaches its threshold,
``p_c >= t_c``. Among the candidates the one with the largest ``p_c (1 - t_c) / t_c``
wins; ties go to the first class, and pixels without a candidate get 0. This is the
cost-sensitive decision [1]_: with two classes, moving one threshold to 0.3 gives that
class exactly the pixels where its probability is at least 0.3; with equal thresholds
the most likely class wins.

Everything happens on a grid of 256 levels, so that the viewer can keep one byte per
class and pixel and still decide as the command line does. A threshold between two
levels lets the lower one be a candidate, hence rounding never takes a pixel from all
classes; its weight is that of the middle between the two levels, hence two classes
never tie.

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
    """Return the threshold of a class that nobody tuned.

    ``1 / n_classes``, at which the most likely class always reaches its threshold; one
    half for a single class against background.
    """
    return 1 / max(n_classes, 2)


def threshold_step(threshold: float) -> int:
    """Return a threshold's place among the 509 that can be told apart on the grid.

    Even steps ``2 k`` are level ``k`` itself, odd ones lie between two levels. From 2
    (everything that is not surely another class) to 510.
    """
    level = round(threshold * MAX_LEVEL, 6)
    return min(max(math.floor(level), 1), MAX_LEVEL) + min(
        max(math.ceil(level), 1), MAX_LEVEL
    )


def candidate_level(step: int) -> int:
    """Return the lowest level that reaches the threshold at `step`."""
    return step // 2


def weight_step(step: int) -> int:
    """Return twice the level whose odds weigh a class; always odd, from 1 to 509."""
    return step if step % 2 else step - 1


def decision_step(rule: ClassRule, n_classes: int) -> int:
    """Return the step at which a class competes: that of `low` where it is given."""
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
    """Decide which class each pixel belongs to.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)``, float from 0 to 1 or uint8 from `quantize`; both give
        the same labels. Any number of spatial axes. A single class stands against
        background.
    rules
        Thresholds or `ClassRule`, see `Rules`; of the rules only `threshold` and `low`
        are looked at.
    class_ids
        Value of each class in the result; 1, 2, ... when left out.

    Returns
    -------
    labels
        ``(*spatial)``, the class ids and 0 where no class reaches its threshold; uint8,
        or uint16 when an id needs it.

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
    """Return the smallest unsigned type that holds the ids."""
    return np.dtype(np.uint8 if max(class_ids) <= 255 else np.uint16)


def apply_hysteresis(levels: UInt8, rule: ClassRule, n_classes: int) -> UInt8:
    """Set a class's levels to 0 outside the regions that hysteresis keeps.

    With `low`, a class competes with that lower threshold, but only in regions (all
    neighbours, diagonal ones too) that reach the threshold in some pixel.

    Parameters
    ----------
    levels
        ``(*spatial)`` uint8 of one class.
    rule, n_classes
        The class's rule, and how many classes there are (for the default threshold).

    Returns
    -------
    `levels` itself without hysteresis, otherwise a changed copy
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
        One table of 256 ranks (uint16) per class; 0 below its threshold. A larger rank
        wins, and no two pairs have the same.
    winner, level
        Of each rank, the class (1 for the first, 0 for rank 0) and its level.
    """

    __slots__ = ("level", "tables", "winner")

    def __init__(self, tables: list[UInt16], winner: UInt16, level: UInt8) -> None:
        self.tables = tables
        self.winner = winner
        self.level = level


def rank(steps: Sequence[int]) -> Ranking:
    """Order all pairs of class and level by their weighted probability.

    The scores are quotients of integers below 2**17 and 2**9; float64 tells any two
    apart and makes equal ones equal. 255 classes of 255 levels fit into uint16.
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
    """Return the largest rank in each pixel; 0 without candidates."""
    best: UInt16 = np.take(tables[0], rows[0], mode="clip")
    for row, table in zip(rows[1:], tables[1:], strict=True):
        np.maximum(best, np.take(table, row, mode="clip"), out=best)
    return best

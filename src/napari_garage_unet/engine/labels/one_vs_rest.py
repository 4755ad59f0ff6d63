"""One-vs-rest thresholds of a class.

A new threshold of one class does not change which of the other classes leads in a
pixel. So each pixel has one threshold up to which the class wins it; it depends on the
level of the class and on the leading other class and its level. With these one-vs-rest
thresholds, moving the threshold of the class takes one comparison per pixel, and their
histogram gives the effect of every possible threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_garage_unet.engine.probabilities import MAX_LEVEL, UInt8, cache_slices

from .assign import (
    Labels,
    Ranking,
    UInt16,
    apply_hysteresis,
    best_rank,
    decision_step,
    label_dtype,
    rank,
    weight_step,
)
from .rules import ClassRule


class OneVsRest:
    """One-vs-rest thresholds of one class, while the rules of the others stay.

    Parameters
    ----------
    rows
        ``(n_classes, n_pixels)`` uint8 levels.
    shape
        Shape of the pixels, for the regions of hysteresis.
    rules, class_ids
        Rule and id of each class.
    index
        Index of the class whose threshold changes. Its own rule is not used.

    Attributes
    ----------
    index
        As given.
    rest
        ``(n_pixels,)`` labels without the class.
    swap
        ``(n_pixels,)`` `rest` XOR the id of the class.
    limits
        ``(n_pixels,)`` uint16, the highest step of its threshold (see `threshold_step`)
        with which the class wins the pixel; 0 if there is none.
    """

    __slots__ = ("index", "limits", "rest", "swap")

    def __init__(
        self,
        rows: UInt8,
        shape: tuple[int, ...],
        rules: Sequence[ClassRule],
        class_ids: Sequence[int],
        index: int,
    ) -> None:
        self.index = index
        others = [i for i in range(len(rows)) if i != index]
        steps = [decision_step(rules[i], len(rows)) for i in others]
        ranking = rank(steps)
        names = np.array((0, *(class_ids[i] for i in others)), label_dtype(class_ids))
        labels_of_rank = names[ranking.winner]
        table = _limits(ranking, steps, index)
        reached = [
            apply_hysteresis(rows[i].reshape(shape), rules[i], len(rows)).reshape(-1)
            for i in others
        ]
        size = rows.shape[1]
        self.rest: Labels = np.zeros(size, labels_of_rank.dtype)
        self.limits: UInt16 = np.empty(size, np.uint16)
        for part in cache_slices(size):
            if not others:
                np.take(table, rows[index][part], out=self.limits[part], mode="clip")
                continue
            best = best_rank([row[part] for row in reached], ranking.tables)
            np.take(labels_of_rank, best, out=self.rest[part], mode="clip")
            entry = best.astype(np.intp)
            entry <<= 8
            entry |= rows[index][part]
            np.take(table, entry, out=self.limits[part], mode="clip")
        self.swap = self.rest ^ self.rest.dtype.type(class_ids[index])


def _limits(ranking: Ranking, steps: Sequence[int], index: int) -> UInt16:
    """Return the highest winning step for each rank of the rest and level of the class.

    The class with level q and weight w wins against one with level r and weight v if
    ``q (510 - w) / w > r (510 - v) / v``, or at equality if it comes first. All of them
    are integers, so the largest such w is exact.

    Parameters
    ----------
    ranking
        Ranking of the other classes.
    steps
        `decision_step` of each other class.
    index
        Index of the class among all classes.

    Returns
    -------
    ndarray
        ``((1 + n_ranks) * 256,)`` uint16, the level varying fastest.
    """
    own = np.arange(MAX_LEVEL + 1)
    winner = ranking.winner[1:].astype(np.int64)
    rest = ranking.level[1:, np.newaxis].astype(np.int64)
    weight = np.array([weight_step(s) for s in steps], np.int64)[winner - 1]
    comes_first = (index < winner)[:, np.newaxis]
    weight = weight[:, np.newaxis]
    against = rest * (2 * MAX_LEVEL - weight) + own * weight
    largest = (2 * MAX_LEVEL * own * weight - ~comes_first) // against
    largest -= 1 - largest % 2  # weights are odd
    candidate = np.where(own > 0, 2 * own + 1, 0)
    table = np.zeros((1 + winner.size, own.size), np.uint16)
    table[0] = candidate
    table[1:] = np.where(largest >= 1, np.minimum(candidate, largest + 1), 0)
    return table.reshape(-1)

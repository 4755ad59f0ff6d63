"""One class against the others.

Moving the threshold of one class leaves the contest between the other classes as it is.
So each pixel has one threshold up to which the moved class wins it, and that can be
looked up: it depends on the class's level and on which other class leads with which
level. Once it is known, a move of the threshold is one comparison a pixel, and a
histogram of it says what every possible threshold would do.
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
    """One class against the others, whose rules stand still.

    Parameters
    ----------
    rows
        ``(n_classes, n_pixels)`` uint8 levels.
    shape
        Shape of the pixels, for the regions of hysteresis.
    rules, class_ids
        Of each class.
    index
        The class that moves. Its own rule is not looked at.

    Attributes
    ----------
    rest
        ``(n_pixels,)`` label that wins without the class.
    swap
        `rest` XOR the class's id.
    limits
        ``(n_pixels,)`` uint16: the class wins up to this step of its threshold (see
        `threshold_step`); 0 where it never does.
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
    """Return for each rank of the rest and level of the class its last winning step.

    The class wins with level q and weight w against one of level r and weight v where
    ``q (510 - w) / w > r (510 - v) / v``, at equality when it comes first. All of them
    are whole numbers, so the largest such w is exact.

    Returns
    -------
    ``((1 + n_ranks) * 256,)`` uint16, the level varying fastest
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

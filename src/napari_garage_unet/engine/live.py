"""Deciding again while a slider moves.

`LiveLabels` keeps the probabilities of one visible plane and gives exactly the labels
of `apply_rules`, a few milliseconds after a rule has changed.

Moving the threshold of one class leaves the contest between the other classes as it is.
So each pixel has one threshold from which on the moved class loses it, and that can be
looked up: it depends on the class's level and on which other class leads with which
level. Once it is known for the plane, a move of the slider is one comparison a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .decide import (
    LEVELS,
    Labels,
    Ranking,
    UInt8,
    UInt16,
    best_rank,
    blocks,
    check_probabilities,
    decision_step,
    label_dtype,
    rank,
    reach,
    weight_step,
)
from .postprocess import clean_regions, smooth_classes
from .regions import Regions, find_regions
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules


class LiveLabels:
    """The labels of a plane under rules that change.

    Parameters
    ----------
    probabilities
        ``(n_classes, *plane)`` float, or uint8 as from `quantize`, which is not copied
        when it is C-contiguous.
    rules, class_ids
        See `decide`.
    out
        ``(*plane)`` C-contiguous array of the labels' dtype to write into, for instance
        that of a viewer's layer; made when left out.

    Attributes
    ----------
    labels
        ``(*plane)`` uint8 or uint16. Always the same array; `update` writes into it.
    rules
        The rule of each class.
    class_ids
        Their ids.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
    """

    def __init__(
        self,
        probabilities: npt.NDArray[np.generic],
        rules: Rules = None,
        *,
        class_ids: Sequence[int] | None = None,
        out: Labels | None = None,
    ) -> None:
        levels = check_probabilities(probabilities)
        self.class_ids = resolve_class_ids(class_ids, len(levels))
        self.rules = resolve_rules(rules, self.class_ids)
        self._rows = np.ascontiguousarray(levels).reshape(len(levels), -1)
        self._shape = levels.shape[1:]
        dtype = label_dtype(self.class_ids)
        self.labels: Labels = np.empty(self._shape, dtype) if out is None else out
        if self.labels.shape != self._shape or self.labels.dtype != dtype:
            raise ValueError(f"out has to be {dtype} of shape {self._shape}")
        self._decided = np.empty(self._rows.shape[1], dtype)
        self._wins = np.empty(self._rows.shape[1], bool)
        self._regions: Regions | None = None
        self._smoothed: npt.NDArray[np.unsignedinteger] | None = None
        self._contest = _Contest(self._rows, self._shape, self.rules, self.class_ids, 0)
        self._decide()
        self._clean()

    def prepare(self, class_id: int) -> None:
        """Look up what the next moves of a class need, so that the first is as quick.

        Takes some 10 ms a class for 2048 x 2048 pixels; `update` does it by itself when
        the class is another one than before.
        """
        index = self.class_ids.index(class_id)
        if self._contest.index != index:
            self._contest = _Contest(
                self._rows, self._shape, self.rules, self.class_ids, index
            )

    def update(self, class_id: int, rule: ClassRule) -> Labels:
        """Change the rule of one class.

        Parameters
        ----------
        class_id
            One of `class_ids`.
        rule
            Its new rule.

        Returns
        -------
        `labels`, changed in place
        """
        index = self.class_ids.index(class_id)
        before = self.rules[index]
        self.rules = (*self.rules[:index], rule, *self.rules[index + 1 :])
        if (before.threshold, before.low) != (rule.threshold, rule.low):
            self.prepare(class_id)
            self._decide()
        elif before.smooth != rule.smooth:
            self._forget_shapes()
        self._clean()
        return self.labels

    def replace(self, rules: Rules) -> Labels:
        """Change the rules of all classes, as "reset" and "suggest" do.

        Returns
        -------
        `labels`, changed in place
        """
        self.rules = resolve_rules(rules, self.class_ids)
        self._contest = _Contest(
            self._rows, self._shape, self.rules, self.class_ids, self._contest.index
        )
        self._decide()
        self._clean()
        return self.labels

    def _decide(self) -> None:
        contest = self._contest
        rule = self.rules[contest.index]
        step = decision_step(rule, len(self.class_ids))
        np.greater_equal(contest.limits, np.uint16(step), out=self._wins)
        if rule.low is not None:
            row = self._rows[contest.index].reshape(self._shape)
            self._wins &= reach(row, rule, len(self.class_ids)).reshape(-1) > 0
        np.multiply(self._wins, contest.swap, out=self._decided)
        np.bitwise_xor(self._decided, contest.rest, out=self._decided)
        self._forget_shapes()

    def _forget_shapes(self) -> None:
        self._regions = self._smoothed = None

    def _clean(self) -> None:
        if self._smoothed is None:
            self._smoothed = self._decided.reshape(self._shape)
            if any(rule.smooth for rule in self.rules):
                self._smoothed = self._smoothed.copy()
                smooth_classes(self._smoothed, self.rules, self.class_ids)
        np.copyto(self.labels, self._smoothed)
        if self.labels.size and any(r.fill_holes or r.removes for r in self.rules):
            if self._regions is None:
                self._regions = find_regions(self._smoothed)
            labels = clean_regions(self._regions, self.rules, self.class_ids)
            self._regions.paint(labels, self.labels)


class _Contest:
    """One class against the rest of them, whose rules stand still.

    Attributes
    ----------
    index
        The class.
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
            reach(rows[i].reshape(shape), rules[i], len(rows)).reshape(-1)
            for i in others
        ]
        size = rows.shape[1]
        self.rest = np.zeros(size, labels_of_rank.dtype)
        self.limits: UInt16 = np.empty(size, np.uint16)
        for part in blocks(size):
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
    own = np.arange(LEVELS + 1)
    winner = ranking.winner[1:].astype(np.int64)
    rest = ranking.level[1:, np.newaxis].astype(np.int64)
    weight = np.array([weight_step(s) for s in steps], np.int64)[winner - 1]
    comes_first = (index < winner)[:, np.newaxis]
    weight = weight[:, np.newaxis]
    against = rest * (2 * LEVELS - weight) + own * weight
    largest = (2 * LEVELS * own * weight - ~comes_first) // against
    largest -= 1 - largest % 2  # weights are odd
    candidate = np.where(own > 0, 2 * own + 1, 0)
    table = np.zeros((1 + winner.size, own.size), np.uint16)
    table[0] = candidate
    table[1:] = np.where(largest >= 1, np.minimum(candidate, largest + 1), 0)
    return table.reshape(-1)

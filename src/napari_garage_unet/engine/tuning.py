"""Thresholds that fit the painted strokes.

What is maximised is the mean over the painted classes of the intersection over union
on the stroke pixels, each class with the same total weight however much of it was
painted. With ``r_c`` the share of class c's strokes that are labelled c and ``f_c`` the
sum over the other classes of the share that is labelled c by mistake, the intersection
over union of class c is ``r_c / (1 + f_c)``.

The threshold whose best place gains most is moved there, then the next one, until
nothing gains more than `TOLERANCE`. So few thresholds move, and never to the worse. For
one class all thresholds are tried at once: each pixel has one threshold up to which the
class wins it (see `contest`), so running sums over a histogram of these give the IoU
at every threshold. Where a stretch of thresholds is as good as the best, within
`TOLERANCE`, its middle is taken, as far from either mistake as possible.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .contest import Contest
from .decide import (
    LEVELS,
    UInt8,
    check_probabilities,
    decide,
    decision_step,
    default_threshold,
)
from .errors import InputError
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules

Float = npt.NDArray[np.float64]

TOLERANCE = 1e-3
"""Differences in IoU that do not matter."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Thresholds to accept or not.

    Parameters
    ----------
    rules
        One per class: the present rule with the suggested threshold. `low` is dropped
        where it would lie above it.
    iou_before, iou_after
        Balanced mean IoU on the strokes with the present and the suggested thresholds.
    thresholds
        ``(255,)`` the thresholds of the curves, from 1/255 to 1.
    curves
        ``(n_classes, 255)`` mean IoU at each threshold of a class, the other classes at
        the suggested ones.
    pixels
        ``(n_classes,)`` stroke pixels of each class.
    """

    rules: tuple[ClassRule, ...]
    iou_before: float
    iou_after: float
    thresholds: Float
    curves: Float
    pixels: npt.NDArray[np.int64]

    @property
    def gain(self) -> float:
        """How much better the suggestion is, in IoU."""
        return self.iou_after - self.iou_before


def suggest_rules(
    probabilities: npt.NDArray[np.generic],
    strokes: npt.NDArray[np.integer],
    *,
    class_ids: Sequence[int] | None = None,
    rules: Rules = None,
) -> Suggestion:
    """Suggest the thresholds that fit the strokes best.

    Parameters
    ----------
    probabilities
        ``(n_classes, n_pixels)`` at stroke pixels, float from 0 to 1 or uint8; more
        axes of pixels may follow. Pixels held out of training give the fairest answer.
    strokes
        ``(n_pixels,)`` class id of each; pixels with 0 are left out.
    class_ids
        Id of each class; 1, 2, ... when left out.
    rules
        The present rules. Only thresholds are compared: strokes do not show the
        neighbourhoods that hysteresis and cleaning need.

    Raises
    ------
    InputError
        If shapes or ids do not fit, or no pixel has a class.
    """
    levels = check_probabilities(probabilities)
    ids = resolve_class_ids(class_ids, len(levels))
    present = resolve_rules(rules, ids)
    if strokes.shape != levels.shape[1:]:
        raise InputError(
            f"Strokes of shape {strokes.shape} do not fit probabilities of shape "
            f"{levels.shape[1:]}."
        )
    painted = strokes != 0
    if not painted.any():
        raise InputError("There are no strokes to compare with; paint some first.")
    unknown = np.setdiff1d(strokes[painted], ids)
    if unknown.size:
        raise InputError(
            f"There are strokes of class {unknown[0]}, but the classes are {list(ids)}."
        )
    rows = np.ascontiguousarray(levels[:, painted])
    truth = np.searchsorted(np.sort(ids), strokes[painted])
    truth = np.argsort(ids)[truth]
    pixels = np.bincount(truth, minlength=len(ids))

    plain = [ClassRule(threshold=rule.threshold) for rule in present]
    before = _balanced_iou(rows, truth, plain, ids)
    tuned, after = plain, before
    curves = _curves(rows, truth, tuned, ids)
    while curves.max() - after > TOLERANCE:
        index = int(curves.max(axis=1).argmax())
        level = 1 + _middle_of_best(curves[index])
        tuned[index] = ClassRule(threshold=level / LEVELS)
        after = _balanced_iou(rows, truth, tuned, ids)
        curves = _curves(rows, truth, tuned, ids)
    return Suggestion(
        rules=tuple(
            _accept(rule, best, len(ids))
            for rule, best in zip(present, tuned, strict=True)
        ),
        iou_before=before,
        iou_after=after,
        thresholds=np.arange(1, LEVELS + 1) / LEVELS,
        curves=curves,
        pixels=pixels.astype(np.int64),
    )


def _accept(rule: ClassRule, tuned: ClassRule, n_classes: int) -> ClassRule:
    threshold = tuned.threshold
    reached = default_threshold(n_classes) if threshold is None else threshold
    low = rule.low if rule.low is not None and rule.low <= reached else None
    return dataclasses.replace(rule, threshold=threshold, low=low)


def _balanced_iou(
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
) -> float:
    found = decide(rows, rules, class_ids=class_ids)
    ious = []
    for index in np.unique(truth):
        labelled = found == class_ids[index]
        right, taken = np.float64(0), np.float64(0)
        for one in np.unique(truth):
            share = labelled[truth == one].mean()
            if one == index:
                right = share
            else:
                taken += share
        ious.append(right / (1 + taken))
    return float(np.mean(ious))


def _curves(
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
) -> Float:
    classes = range(len(class_ids))
    return np.stack([_curve(rows, truth, rules, class_ids, i) for i in classes])


def _curve(
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    index: int,
) -> Float:
    """Return the balanced IoU for each threshold of one class.

    Returns
    -------
    ``(255,)`` float64, for the thresholds at levels 1 to 255
    """
    n = len(class_ids)
    contest = Contest(rows, (rows.shape[1],), rules, class_ids, index)
    weight = 1 / np.bincount(truth, minlength=n)[truth]
    steps = np.array([decision_step(ClassRule(k / LEVELS), n) for k in range(1, 256)])
    # Beyond its limit a pixel goes to the rest; in a histogram of the limits, that is
    # everything below a step.
    bins = int(steps[-1]) + 2

    def lost(chosen: npt.NDArray[np.bool_]) -> Float:
        table = np.bincount(contest.limits[chosen], weight[chosen], bins)
        below: Float = np.concatenate([[0.0], np.cumsum(table)])[steps]
        return below

    everything = np.ones(truth.size, bool)
    total = np.zeros(len(steps))
    painted = np.unique(truth)
    for one in painted:
        own = truth == one
        if one == index:
            right = 1 - lost(own)
            taken = painted.size - lost(everything)
        else:
            labelled = contest.rest == class_ids[one]
            right = lost(own & labelled)
            taken = lost(labelled)
        total += right / (1 + taken - right)
    return total / painted.size


def _middle_of_best(curve: Float) -> int:
    """Return the middle of the longest stretch that is as good as the best."""
    good = np.concatenate([[False], curve >= curve.max() - TOLERANCE, [False]])
    edges = np.flatnonzero(good[1:] != good[:-1])
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest] + ends[longest] - 1) // 2

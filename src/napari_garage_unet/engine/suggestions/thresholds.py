"""Thresholds that fit the painted strokes.

They maximise the balanced IoU (see `balanced_iou`), one threshold at a time: the one
with the largest gain changes first, until none gains more than `IOU_TOLERANCE`. So few
thresholds change, and the balanced IoU never falls. If an interval of thresholds is as
good as the best within `IOU_TOLERANCE`, its middle is taken.

Pixels of one stroke are correlated. If the strokes are known, a gain must be more than
`MIN_GAIN_STANDARD_ERRORS` times its standard error, estimated by leaving out one stroke
at a time (the jackknife [1]_), so that a single stroke does not change a threshold.

A preference, such as edges of the image under the outlines, may then change thresholds
as long as the balanced IoU stays within `MAX_IOU_LOSS` of the best.

References
----------
.. [1] B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics
   9, 1981.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import (
    Labels,
    assign_labels,
    default_threshold,
)
from napari_garage_unet.engine.labels.rules import (
    ClassRule,
    Rules,
    resolve_class_ids,
    resolve_rules,
)
from napari_garage_unet.engine.probabilities import (
    MAX_LEVEL,
    UInt8,
    check_probabilities,
)

from .balanced_iou import Float, balanced_iou, iou_curves

IOU_TOLERANCE = 1e-3
"""Difference in IoU that does not matter."""

MIN_GAIN_STANDARD_ERRORS = 2.0
"""Gain that changes a threshold, in standard errors."""

MAX_IOU_LOSS = 0.03
"""Loss of IoU on strokes that a preference may cost."""

LEVEL_STEP = 3
"""Levels from one threshold that is tried for a preference to the next."""

Preference = Callable[[Sequence[ClassRule], int], Float | None]
"""Takes the rules and the index of a class; returns ``(255,)`` scores of the thresholds
at levels 1 to 255, or None if there is no preference.
"""


@dataclass(frozen=True, slots=True)
class ThresholdSuggestion:
    """Suggested thresholds.

    Parameters
    ----------
    rules
        One per class: the present rule with the suggested threshold, without `low`
        where it would be above the threshold.
    iou_before, iou_after
        Balanced IoU on the strokes with the present and the suggested thresholds, from
        0 to 1.
    thresholds
        ``(255,)`` thresholds of the curves, from 1/255 to 1.
    curves
        ``(n_classes, 255)`` balanced IoU at each threshold of a class, with the
        suggested thresholds of the other classes.
    pixels
        ``(n_classes,)`` int64, stroke pixels of each class.
    changes_thresholds
        Whether a threshold differs from the present one.
    """

    rules: tuple[ClassRule, ...]
    iou_before: float
    iou_after: float
    thresholds: Float
    curves: Float
    pixels: npt.NDArray[np.int64]
    changes_thresholds: bool

    @property
    def gain(self) -> float:
        """Balanced IoU that the suggested thresholds gain."""
        return self.iou_after - self.iou_before


def suggest_thresholds(
    probabilities: npt.NDArray[np.generic],
    strokes: npt.NDArray[np.integer],
    *,
    class_ids: Sequence[int] | None = None,
    rules: Rules = None,
    strokes_apart: npt.NDArray[np.integer] | None = None,
    preference: Preference | None = None,
) -> ThresholdSuggestion:
    """Suggest the thresholds that fit the strokes best.

    Parameters
    ----------
    probabilities
        ``(n_classes, n_pixels)`` at stroke pixels, float from 0 to 1 or uint8;
        `n_pixels` may be several axes.
    strokes
        ``(n_pixels,)`` painted class ids; pixels with 0 are ignored.
    class_ids
        Id of each class; 1, 2, ... by default.
    rules
        Present rules. Only thresholds are compared: single pixels do not have the
        neighbours that hysteresis and clean-up need.
    strokes_apart
        ``(n_pixels,)`` number of the stroke of each pixel. By default a gain is not
        compared with its standard error.
    preference
        Scores of the thresholds among those that fit the strokes.

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

    tuned = [ClassRule(threshold=rule.threshold) for rule in present]
    parts = None if strokes_apart is None else strokes_apart[painted]
    found = assign_labels(rows, tuned, class_ids=ids)
    before = after = balanced_iou(found, truth, ids)
    curves = iou_curves(rows, truth, tuned, ids)
    open_ids = np.ones(len(ids), bool)
    while (curves.max(axis=1) - after)[open_ids].max(initial=0) > IOU_TOLERANCE:
        index = int(np.where(open_ids, curves.max(axis=1), -1).argmax())
        level = 1 + _middle_of_best(curves[index])
        moved = [*tuned]
        moved[index] = ClassRule(threshold=level / MAX_LEVEL)
        others = assign_labels(rows, moved, class_ids=ids)
        if parts is not None and not _is_significant(found, others, truth, parts, ids):
            open_ids[index] = False
            continue
        tuned, found = moved, others
        after = balanced_iou(found, truth, ids)
        curves = iou_curves(rows, truth, tuned, ids)
    if preference is not None:
        tuned = _prefer(preference, tuned, rows, truth, ids)
        after = balanced_iou(assign_labels(rows, tuned, class_ids=ids), truth, ids)
        curves = iou_curves(rows, truth, tuned, ids)
    return ThresholdSuggestion(
        rules=tuple(
            _accept(rule, best, len(ids))
            for rule, best in zip(present, tuned, strict=True)
        ),
        iou_before=before,
        iou_after=after,
        thresholds=np.arange(1, MAX_LEVEL + 1) / MAX_LEVEL,
        curves=curves,
        pixels=pixels.astype(np.int64),
        changes_thresholds=any(
            rule.threshold != best.threshold
            for rule, best in zip(present, tuned, strict=True)
        ),
    )


def _prefer(
    preference: Preference,
    rules: Sequence[ClassRule],
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    class_ids: Sequence[int],
) -> list[ClassRule]:
    """Move thresholds towards the preferred ones as far as the strokes allow.

    Parameters
    ----------
    preference
        Scores of the thresholds.
    rules, class_ids
        Rule and id of each class.
    rows
        ``(n_classes, n_pixels)`` uint8 levels at stroke pixels.
    truth
        ``(n_pixels,)`` index of the painted class of each pixel.

    Returns
    -------
    list of ClassRule
        One per class.
    """
    found = assign_labels(rows, rules, class_ids=class_ids)
    least = balanced_iou(found, truth, class_ids) - MAX_IOU_LOSS
    tuned = [*rules]
    for index in np.unique(truth):
        curve = preference(tuned, int(index))
        if curve is None:
            continue
        now = tuned[index].threshold
        now = default_threshold(len(rules)) if now is None else now
        preferred, present = 1 + int(curve.argmax()), round(now * MAX_LEVEL)
        for level in range(
            preferred, present, LEVEL_STEP if preferred < present else -LEVEL_STEP
        ):
            moved = [*tuned]
            moved[index] = ClassRule(threshold=level / MAX_LEVEL)
            others = assign_labels(rows, moved, class_ids=class_ids)
            if balanced_iou(others, truth, class_ids) >= least:
                tuned = moved
                break
    return tuned


def _accept(rule: ClassRule, tuned: ClassRule, n_classes: int) -> ClassRule:
    """Return a rule with a tuned threshold, without `low` if it would be above."""
    threshold = tuned.threshold
    reached = default_threshold(n_classes) if threshold is None else threshold
    low = rule.low if rule.low is not None and rule.low <= reached else None
    return dataclasses.replace(rule, threshold=threshold, low=low)


def _is_significant(
    found: Labels,
    others: Labels,
    truth: npt.NDArray[np.intp],
    parts: npt.NDArray[np.integer],
    class_ids: Sequence[int],
) -> bool:
    """Return whether the gain of other labels is more than chance.

    Parameters
    ----------
    found, others
        ``(n_pixels,)`` labels with the present thresholds and with a changed one.
    truth
        ``(n_pixels,)`` index of the painted class of each pixel.
    parts
        ``(n_pixels,)`` number of the stroke of each pixel.
    class_ids
        Id of each class.
    """
    numbers = np.unique(parts)
    painted = np.unique(truth).size
    gain = balanced_iou(others, truth, class_ids)
    gain -= balanced_iou(found, truth, class_ids)
    without = []
    for number in numbers:
        kept = parts != number
        if np.unique(truth[kept]).size < painted:
            continue  # the only stroke of a class cannot be left out
        better = balanced_iou(others[kept], truth[kept], class_ids)
        without.append(better - balanced_iou(found[kept], truth[kept], class_ids))
    n = len(without)
    if n < 2:
        return True
    error = np.sqrt((n - 1) * np.var(without))
    return bool(gain > MIN_GAIN_STANDARD_ERRORS * error)


def _middle_of_best(curve: Float) -> int:
    """Return the middle of the longest interval as good as the best, an index."""
    good = np.concatenate([[False], curve >= curve.max() - IOU_TOLERANCE, [False]])
    edges = np.flatnonzero(good[1:] != good[:-1])
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest] + ends[longest] - 1) // 2

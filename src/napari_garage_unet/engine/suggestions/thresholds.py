"""Thresholds that fit the painted strokes.

What is maximised is the mean over the painted classes of the intersection over union
on the stroke pixels, each class with the same total weight however much of it was
painted. With ``r_c`` the share of class c's strokes that are labelled c and ``f_c`` the
sum over the other classes of the share that is labelled c by mistake, the intersection
over union of class c is ``r_c / (1 + f_c)``.

The threshold whose best place gains most is moved there, then the next one, until
nothing gains more than `IOU_TOLERANCE`. So few thresholds move, and never to the worse.
Strokes are a small sample, and the pixels of one stroke are alike. So where it is told
which stroke a pixel is part of, the gain has to be more than `MIN_GAIN_STANDARD_ERRORS` times its standard
error too, found by leaving out one stroke after the other (the jackknife [1]_): what a
single stroke asks for does not move a threshold. For
one class all thresholds are tried at once: each pixel has one threshold up to which the
class wins it (see `one_vs_rest`), so running sums over a histogram of these give the IoU
at every threshold. Where a stretch of thresholds is as good as the best, within
`IOU_TOLERANCE`, its middle is taken, as far from either mistake as possible.

Strokes lie inside of things. Something that knows of outlines, such as the edges of the
image, may prefer other thresholds; it gets its way as far as the IoU on the strokes
stays within `MAX_IOU_LOSS` of the best.

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
"""Differences in IoU that do not matter."""

MIN_GAIN_STANDARD_ERRORS = 2.0
"""How many standard errors a gain has to be."""

MAX_IOU_LOSS = 0.03
"""IoU on strokes that may be given for outlines that fit better."""

LEVEL_STEP = 3
"""Levels from one threshold that is tried to the next."""

Preference = Callable[[Sequence[ClassRule], int], Float | None]
"""Gets the rules and the place of a class; returns ``(255,)``, how well each threshold
does, or None where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class ThresholdSuggestion:
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
    changes_thresholds
        Whether a threshold is another one than before.
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
        """How much better the suggestion is, in IoU."""
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
        ``(n_classes, n_pixels)`` at stroke pixels, float from 0 to 1 or uint8; more
        axes of pixels may follow. Pixels held out of training give the fairest answer.
    strokes
        ``(n_pixels,)`` class id of each; pixels with 0 are left out.
    class_ids
        Id of each class; 1, 2, ... when left out.
    rules
        The present rules. Only thresholds are compared: strokes do not show the
        neighbourhoods that hysteresis and cleaning need.
    strokes_apart
        ``(n_pixels,)`` number of the stroke each pixel is part of. When left out, the
        gain need not be more than its standard error.
    preference
        Which thresholds are preferred where strokes leave it open.

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
    """Move thresholds towards the preferred ones as far as strokes allow it."""
    found = assign_labels(rows, rules, class_ids=class_ids)
    least = balanced_iou(found, truth, class_ids) - MAX_IOU_LOSS
    tuned = [*rules]
    for index in np.unique(truth):
        curve = preference(tuned, int(index))
        if curve is None:
            continue
        now = tuned[index].threshold
        now = default_threshold(len(rules)) if now is None else now
        wanted, here = 1 + int(curve.argmax()), round(now * MAX_LEVEL)
        for level in range(wanted, here, LEVEL_STEP if wanted < here else -LEVEL_STEP):
            moved = [*tuned]
            moved[index] = ClassRule(threshold=level / MAX_LEVEL)
            others = assign_labels(rows, moved, class_ids=class_ids)
            if balanced_iou(others, truth, class_ids) >= least:
                tuned = moved
                break
    return tuned


def _accept(rule: ClassRule, tuned: ClassRule, n_classes: int) -> ClassRule:
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
    """Tell whether other labels are better by more than strokes differ by chance."""
    numbers = np.unique(parts)
    painted = np.unique(truth).size
    gain = balanced_iou(others, truth, class_ids)
    gain -= balanced_iou(found, truth, class_ids)
    without = []
    for number in numbers:
        kept = parts != number
        if np.unique(truth[kept]).size < painted:
            continue  # the only stroke of its class says nothing of the others
        better = balanced_iou(others[kept], truth[kept], class_ids)
        without.append(better - balanced_iou(found[kept], truth[kept], class_ids))
    n = len(without)
    if n < 2:
        return True
    error = np.sqrt((n - 1) * np.var(without))
    return bool(gain > MIN_GAIN_STANDARD_ERRORS * error)


def _middle_of_best(curve: Float) -> int:
    """Return the middle of the longest stretch that is as good as the best."""
    good = np.concatenate([[False], curve >= curve.max() - IOU_TOLERANCE, [False]])
    edges = np.flatnonzero(good[1:] != good[:-1])
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest] + ends[longest] - 1) // 2

"""Balanced IoU on strokes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.labels.assign import Labels, decision_step
from napari_garage_unet.engine.labels.one_vs_rest import OneVsRest
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.probabilities import MAX_LEVEL, UInt8

Float = npt.NDArray[np.float64]


def balanced_iou(
    found: Labels, truth: npt.NDArray[np.intp], class_ids: Sequence[int]
) -> float:
    n = len(class_ids)
    place = np.full(max(class_ids) + 1, n)  # 0 is no class
    place[list(class_ids)] = np.arange(n)
    counts = np.bincount(truth * (n + 1) + place[found], minlength=n * (n + 1))
    table = counts.reshape(n, n + 1)[:, :n].astype(np.float64)
    pixels = np.bincount(truth, minlength=n)
    painted = np.flatnonzero(pixels)
    shares = table[painted] / pixels[painted, np.newaxis]
    right = shares[np.arange(painted.size), painted]
    taken = shares.sum(axis=0)[painted] - right
    return float((right / (1 + taken)).mean())


def iou_curves(
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
) -> Float:
    classes = range(len(class_ids))
    return np.stack([_iou_curve(rows, truth, rules, class_ids, i) for i in classes])


def _iou_curve(
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
    one_vs_rest = OneVsRest(rows, (rows.shape[1],), rules, class_ids, index)
    weight = 1 / np.bincount(truth, minlength=n)[truth]
    steps = np.array([decision_step(ClassRule(k / MAX_LEVEL), n) for k in range(1, 256)])
    # Beyond its limit a pixel goes to the rest; in a histogram of the limits, that is
    # everything below a step.
    bins = int(steps[-1]) + 2

    def lost(chosen: npt.NDArray[np.bool_]) -> Float:
        table = np.bincount(one_vs_rest.limits[chosen], weight[chosen], bins)
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
            labelled = one_vs_rest.rest == class_ids[one]
            right = lost(own & labelled)
            taken = lost(labelled)
        total += right / (1 + taken - right)
    return total / painted.size

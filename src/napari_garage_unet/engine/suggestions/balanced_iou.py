"""Agreement of labels with strokes, for given thresholds and for every threshold.

The balanced IoU is the mean over the painted classes of the intersection over union on
the stroke pixels, each class with the same total weight. With ``r_c`` the fraction of
the strokes of class c that is labelled c, and ``f_c`` the sum of the fractions of the
other classes that are labelled c, the IoU of class c is ``r_c / (1 + f_c)``.

For one class all thresholds are computed at once: each pixel has one threshold up to
which the class wins it (see `one_vs_rest`), and cumulative sums over a histogram of
these give the IoU at every threshold.
"""

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
    """Return the balanced IoU of labels at stroke pixels.

    Parameters
    ----------
    found
        ``(n_pixels,)`` class ids, 0 where there is no class.
    truth
        ``(n_pixels,)`` index of the painted class of each pixel, from 0.
    class_ids
        Id of each class.

    Returns
    -------
    float
        From 0 to 1.
    """
    n = len(class_ids)
    place = np.full(max(class_ids) + 1, n)  # 0 is not a class
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
    """Return the balanced IoU for each threshold of each class.

    Parameters
    ----------
    rows
        ``(n_classes, n_pixels)`` uint8 levels at stroke pixels.
    truth
        ``(n_pixels,)`` index of the painted class of each pixel, from 0.
    rules, class_ids
        Rule, without `low`, and id of each class.

    Returns
    -------
    ndarray
        ``(n_classes, 255)`` float64 for the thresholds at levels 1 to 255, those of the
        other classes unchanged.
    """
    classes = range(len(class_ids))
    return np.stack([_iou_curve(rows, truth, rules, class_ids, i) for i in classes])


def _iou_curve(
    rows: UInt8,
    truth: npt.NDArray[np.intp],
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    index: int,
) -> Float:
    """Return one row of `iou_curves`, ``(255,)`` float64."""
    n = len(class_ids)
    one_vs_rest = OneVsRest(rows, (rows.shape[1],), rules, class_ids, index)
    weight = 1 / np.bincount(truth, minlength=n)[truth]
    steps = np.array(
        [decision_step(ClassRule(k / MAX_LEVEL), n) for k in range(1, 256)]
    )
    # Above its limit a pixel goes to the rest, so the pixels lost at a step are those
    # with smaller limits.
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

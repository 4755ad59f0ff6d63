"""Shares of the classes in what a network says, and how far they may change.

A class that has gained a little gains more each time answers are learnt, and after a
few strokes of one class alone the others would vanish. So the shares of the classes are
held back towards those of before the strokes (distribution alignment, Berthelot et al.
2020, arXiv:1911.09785, where it is a known distribution): the more so, the more of the
new strokes are of one class, and few strokes change little.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVED = 0.02
"""Share of the pixels whose class one new stroke may change at the most."""

DOUBTFUL = 0.3
"""Mean doubt from which on answers are as doubtful as can be."""

STEEPNESS = 4
"""Power of the doubt below it."""

HARDNESS = 8
"""Power that answers are raised to where shares are counted.

It is labels that must not change their shares; probabilities near one half could keep
theirs and still turn into labels of one class.
"""

Floats = NDArray[np.float32]


def uncertainty_of(answers: Floats) -> float:
    """Tell from 0 to 1 how much in doubt a network is that gives these answers.

    Doubt is one minus the mean margin between the two most probable classes.

    Parameters
    ----------
    answers
        ``(n, n_classes)``, not smoothed; each row sums to 1.
    """
    best = np.partition(answers, -2, axis=1)[:, -2:]
    doubt = 1 - float((best[:, 1] - best[:, 0]).mean())
    return min(1.0, (doubt / DOUBTFUL) ** STEEPNESS)


def count_class_proportions(answers: Floats) -> Floats:
    """Count, at each pixel, mostly the class that is most probable there.

    Parameters
    ----------
    answers
        ``(n, n_classes)``, each row in proportion to probabilities.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1 but for classes without any pixel, which have a little.
    """
    hard = (answers / answers.max(axis=1, keepdims=True)) ** HARDNESS
    hard /= hard.sum(axis=1, keepdims=True)
    class_proportions: Floats = np.maximum(hard.mean(axis=0), 1e-6)
    return class_proportions


def class_proportions_of(answers: Floats, unsmoothed: Floats) -> Floats:
    """Measure the shares of the classes.

    Where the network is sure, smoothing removes what is wrong here and there, most of
    it of rare classes. Where it is in doubt, smoothing lets the largest class around
    win, and what is thin fades, the more the more often answers are learnt. So the
    more doubt there is, the more those tell that have not been smoothed.

    Parameters
    ----------
    answers, unsmoothed
        ``(n, n_classes)``, each row sums to 1.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1.
    """
    weight = uncertainty_of(unsmoothed)
    class_proportions = (
        count_class_proportions(answers) ** (1 - weight)
        * count_class_proportions(unsmoothed) ** weight
    )
    measured: Floats = class_proportions / class_proportions.sum()
    return measured


def held_back(
    class_proportions: Floats,
    before: Floats,
    *,
    recent: NDArray[np.integer[Any]],
    n_new: int,
) -> Floats:
    """Hold the shares of classes back after a correction.

    Strokes of one class alone do not tell how large it is, strokes of many classes do.
    So what was before counts as much as two recent strokes are likely to be of one
    class (the index of Simpson 1949, doi:10.1038/163688a0), and no more than `MOVED`
    for each new one changes its class.

    Parameters
    ----------
    shares, before
        ``(n_classes,)`` of now and of before; each sum to 1.
    recent
        ``(n_classes,)``, the last strokes of each class.
    n_new
        How many of them are new; without any, all stays as it was.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1.
    """
    if not n_new:
        return before
    alike = float(np.sum((recent / recent.sum()) ** 2))
    aim = before**alike * class_proportions ** (1 - alike)
    aim /= aim.sum()
    moved = float(np.abs(aim - before).sum()) / 2
    held: Floats = before + (aim - before) * min(1.0, MOVED * n_new / max(moved, 1e-6))
    return held

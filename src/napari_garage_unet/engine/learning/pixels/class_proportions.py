"""Proportions of the classes in pseudo-labels, and how far they may change.

A class that has gained a little gains more each time pseudo-labels are learnt, and
after a few strokes of one class alone the others would vanish. So the proportions of
the classes are held back towards those before the strokes: the more so, the more of
the new strokes are of one class, and few strokes change little. This is distribution
alignment (Berthelot et al. 2020, "ReMixMatch", arXiv:1911.09785) towards proportions
that are themselves estimated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_MOVED_PER_STROKE = 0.02
"""Share of the pixels, 0 to 1, whose class one new stroke may change."""

MAX_MEAN_UNCERTAINTY = 0.3
"""Mean of one minus the margin, 0 to 1, that counts as uncertainty 1."""

UNCERTAINTY_EXPONENT = 4
"""Exponent of the uncertainty below that."""

HARD_LABEL_EXPONENT = 8
"""Exponent of probabilities where proportions are counted.

It is labels that must not change their proportions; probabilities near 0.5 could keep
theirs and still become labels of one class.
"""

MIN_PROPORTION = 1e-6
"""Proportion of a class without any pixel, so that factors stay finite."""

Floats = NDArray[np.float32]


def uncertainty_of(probabilities: Floats) -> float:
    """Return the uncertainty of a network's predictions, in [0, 1].

    It comes from the mean margin between the two most probable classes.

    Parameters
    ----------
    probabilities
        ``(n, n_classes)``, not smoothed; each row sums to 1.
    """
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    uncertainty = 1 - float((best[:, 1] - best[:, 0]).mean())
    return min(1.0, (uncertainty / MAX_MEAN_UNCERTAINTY) ** UNCERTAINTY_EXPONENT)


def count_class_proportions(probabilities: Floats) -> Floats:
    """Count for each pixel mostly the class that is most probable there.

    Parameters
    ----------
    probabilities
        ``(n, n_classes)``, each row up to a factor of its own.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1, but for classes without any pixel, which have `MIN_PROPORTION`.
    """
    hard = (
        probabilities / probabilities.max(axis=1, keepdims=True)
    ) ** HARD_LABEL_EXPONENT
    hard /= hard.sum(axis=1, keepdims=True)
    class_proportions: Floats = np.maximum(hard.mean(axis=0), MIN_PROPORTION)
    return class_proportions


def class_proportions_of(smoothed: Floats, unsmoothed: Floats) -> Floats:
    """Measure the proportions of the classes.

    Where the network is sure, smoothing removes single wrong pixels, most of them of
    rare classes. Where it is uncertain, smoothing lets the largest class around win and
    what is thin fades, more with each round. So the higher the uncertainty, the more
    the probabilities that are not smoothed count.

    Parameters
    ----------
    smoothed, unsmoothed
        ``(n, n_classes)`` probabilities; each row sums to 1.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        Sum to 1.
    """
    weight = uncertainty_of(unsmoothed)
    class_proportions = (
        count_class_proportions(smoothed) ** (1 - weight)
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
    """Hold the proportions of the classes back after a correction.

    Strokes of one class alone do not tell how large it is, strokes of many classes do.
    So the proportions of before have as weight the probability that two recent strokes
    are of one class (the index of Simpson 1949, doi:10.1038/163688a0), and each new
    stroke changes the class of no more than `MAX_MOVED_PER_STROKE` of the pixels.

    Parameters
    ----------
    class_proportions, before
        ``(n_classes,)`` now and before the correction; each sum to 1.
    recent
        ``(n_classes,)``, the last strokes of each class.
    n_new
        How many of them are new; if none are, `before` is returned.

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
    most = MAX_MOVED_PER_STROKE * n_new
    held: Floats = before + (aim - before) * min(1.0, most / max(moved, 1e-6))
    return held

"""Proportions of the classes in pseudo-labels, and how far they may change.

A class that has gained a little gains more each time pseudo-labels are learnt, and
after a few strokes of one class alone the others would vanish. So the proportions that
pseudo-labels get lie between those of the predictions and those before the correction:
the nearer to the latter, the more of the new strokes are of one class, and the fewer
there are. This is distribution alignment (Berthelot et al. 2020, "ReMixMatch",
arXiv:1911.09785) towards proportions that are themselves estimated.
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


def soft_argmax_proportions(probabilities: Floats) -> Floats:
    """Return the share of each class in the labels, with a soft argmax for the label.

    Each pixel counts for every class by its probability to the power of
    `HARD_LABEL_EXPONENT`, nearly 1 for the most probable class and 0 for the others.

    Parameters
    ----------
    probabilities
        ``(n, n_classes)``, positive; rows need not sum to 1, their scale has no effect.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        They sum to 1, unless a class has less than `MIN_PROPORTION` and is raised to
        that.
    """
    hard = (
        probabilities / probabilities.max(axis=1, keepdims=True)
    ) ** HARD_LABEL_EXPONENT
    hard /= hard.sum(axis=1, keepdims=True)
    class_proportions: Floats = np.maximum(hard.mean(axis=0), MIN_PROPORTION)
    return class_proportions


def blended_proportions(smoothed: Floats, unsmoothed: Floats) -> Floats:
    """Return the proportions of smoothed and unsmoothed predictions, blended.

    They are the weighted geometric mean of the `soft_argmax_proportions` of both. The
    weight of the unsmoothed ones is the uncertainty: where the network is sure,
    smoothing removes single wrong pixels, most of them of rare classes; where it is
    uncertain, smoothing lets the largest class around win and what is thin fades, more
    with each round.

    Parameters
    ----------
    smoothed, unsmoothed
        ``(n, n_classes)`` probabilities of the same pixels; each row sums to 1.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        They sum to 1.
    """
    weight = uncertainty_of(unsmoothed)
    class_proportions = (
        soft_argmax_proportions(smoothed) ** (1 - weight)
        * soft_argmax_proportions(unsmoothed) ** weight
    )
    measured: Floats = class_proportions / class_proportions.sum()
    return measured


def limit_proportion_change(
    class_proportions: Floats,
    before: Floats,
    *,
    recent: NDArray[np.integer[Any]],
    n_new: int,
) -> Floats:
    """Limit how far the proportions of the classes change in a correction.

    Strokes of one class alone do not tell how large it is, strokes of many classes do.
    So the result is the weighted geometric mean of old and new proportions, and the
    weight of the old ones is the probability that two recent strokes are of one class
    (the index of Simpson 1949, doi:10.1038/163688a0). Besides, each new stroke changes
    the class of at most `MAX_MOVED_PER_STROKE` of the pixels.

    Parameters
    ----------
    class_proportions, before
        ``(n_classes,)`` now and before the correction; each sums to 1.
    recent
        ``(n_classes,)``, numbers of recent strokes, new ones included.
    n_new
        How many of them are new; if none are, `before` is returned.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        They sum to 1.
    """
    if not n_new:
        return before
    simpson_index = float(np.sum((recent / recent.sum()) ** 2))
    aim = before**simpson_index * class_proportions ** (1 - simpson_index)
    aim /= aim.sum()
    moved = float(np.abs(aim - before).sum()) / 2
    max_moved = MAX_MOVED_PER_STROKE * n_new
    limited: Floats = before + (aim - before) * min(1.0, max_moved / max(moved, 1e-6))
    return limited

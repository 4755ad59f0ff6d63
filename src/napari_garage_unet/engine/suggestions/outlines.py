"""How well outlines lie on the edges of an image, for every threshold of a class.

People paint inside of things, so their strokes leave open where exactly an outline is:
whole stretches of thresholds fit them. The image tells more: where a thing ends, its
pixels change. The mean gradient magnitude along an outline is what a geodesic active
contour maximises, too [1]_; here the only thing that moves is one threshold.

Each pixel belongs to the class up to one step of the threshold (see `contest`). The
face between two pixels is a piece of the outline from the lower of their two steps to
the higher, so two histograms give the outlines of all thresholds at once.

References
----------
.. [1] V. Caselles, R. Kimmel, G. Sapiro, "Geodesic active contours", International
   Journal of Computer Vision 22, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_garage_unet.engine.labels.assign import decision_step
from napari_garage_unet.engine.labels.one_vs_rest import OneVsRest
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.probabilities import MAX_LEVEL, UInt8

Float = NDArray[np.floating[Any]]

GRADIENT_SIGMA_PIXELS = 1.0
"""Sigma in pixels of the Gaussian whose gradient is taken."""


def edge_strength(image: NDArray[Any]) -> Float:
    """Return how much an image changes at each pixel.

    Parameters
    ----------
    image
        ``(H, W)`` or ``(H, W, C)`` numbers. Channels weigh the same; of the brightness
        the square root is taken, so that bright things do not decide alone.

    Returns
    -------
    ``(H, W)`` float32
    """
    channels = image.reshape(*image.shape[:2], -1)
    total = np.zeros(image.shape[:2], np.float32)
    for at in range(channels.shape[-1]):
        values = channels[..., at].astype(np.float32)
        root = np.sqrt(values - values.min())
        spread = float(root.std())
        if spread > 0:
            change = ndimage.gaussian_gradient_magnitude(
                root / spread, GRADIENT_SIGMA_PIXELS
            )
            total += change**2
    return np.sqrt(total)


def edge_curve(
    levels: UInt8,
    strength: Float,
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    index: int,
) -> NDArray[np.float64]:
    """Return the mean strength along the outlines of a class at each threshold.

    Parameters
    ----------
    levels
        ``(n_classes, H, W)`` uint8, see `probabilities.quantize`.
    strength
        ``(H, W)`` from `edge_strength`.
    rules, class_ids
        Of each class; clean-up is not looked at.
    index
        The class whose threshold moves.

    Returns
    -------
    ``(255,)`` for the thresholds at levels 1 to 255; 0 where there is no outline. The
    strength of a face is the mean of that of its two pixels.
    """
    shape = levels.shape[1:]
    rows = np.ascontiguousarray(levels).reshape(len(levels), -1)
    limits = OneVsRest(rows, shape, rules, class_ids, index).limits.reshape(shape)
    n = len(rules)
    steps = np.array(
        [decision_step(ClassRule(k / MAX_LEVEL), n) for k in range(1, 256)]
    )
    bins = int(steps[-1]) + 3  # limits go up to a step more, and one behind it
    faces, summed = np.zeros(bins), np.zeros(bins)
    for axis in range(limits.ndim):
        along, edges = (np.moveaxis(each, axis, 0) for each in (limits, strength))
        outline = np.flatnonzero(along[1:] != along[:-1])
        one, other = (part.reshape(-1)[outline] for part in (along[1:], along[:-1]))
        mean = (edges[1:] + edges[:-1]).reshape(-1)[outline] / 2
        # One more from the step behind the lower on, one less behind the higher.
        for bounds, sign in ((np.minimum(one, other), 1), (np.maximum(one, other), -1)):
            faces += sign * np.bincount(bounds + 1, minlength=bins)
            summed += sign * np.bincount(bounds + 1, mean, minlength=bins)
    faces, summed = np.cumsum(faces)[steps], np.cumsum(summed)[steps]
    curve = np.zeros(steps.size)
    curve[faces > 0] = summed[faces > 0] / faces[faces > 0]
    return curve

"""Strength of the image edges under the outlines of a class, for every threshold.

People paint inside objects, so a range of thresholds fits their strokes equally well.
The image shows where an object ends, because pixels change there. The mean gradient
magnitude along the outline is also what a geodesic active contour maximises [1]_; here
the threshold is the only parameter.

Each pixel belongs to the class up to one step of its threshold (see `one_vs_rest`). The
face between two pixels is part of the outline from the lower of their two steps to the
higher one, so two histograms give the outlines of all thresholds at once.

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
"""Sigma of the Gaussian derivative that gives the gradient, in pixels."""


def edge_strength(image: NDArray[Any]) -> Float:
    """Return the gradient magnitude of an image.

    Parameters
    ----------
    image
        ``(H, W)`` or ``(H, W, C)`` numbers. Each channel is scaled to a standard
        deviation of 1 after taking the square root, so that bright objects do not
        dominate.

    Returns
    -------
    ndarray
        ``(H, W)`` float32, the root of the summed squares of the channels.
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
    """Return the mean edge strength along the outlines of a class for each threshold.

    Parameters
    ----------
    levels
        ``(n_classes, H, W)`` uint8, see `probabilities.quantize`.
    strength
        ``(H, W)`` from `edge_strength`.
    rules, class_ids
        Rule and id of each class; clean-up is not used.
    index
        Index of the class whose threshold changes.

    Returns
    -------
    ndarray
        ``(255,)`` float64 for the thresholds at levels 1 to 255, 0 where there is no
        outline. The strength of a face is the mean of its two pixels.
    """
    shape = levels.shape[1:]
    rows = np.ascontiguousarray(levels).reshape(len(levels), -1)
    limits = OneVsRest(rows, shape, rules, class_ids, index).limits.reshape(shape)
    n = len(rules)
    steps = np.array(
        [decision_step(ClassRule(k / MAX_LEVEL), n) for k in range(1, 256)]
    )
    bins = int(steps[-1]) + 3  # limits are at most one step higher, plus the end
    faces, summed = np.zeros(bins), np.zeros(bins)
    for axis in range(limits.ndim):
        along, edges = (np.moveaxis(each, axis, 0) for each in (limits, strength))
        outline = np.flatnonzero(along[1:] != along[:-1])
        one, other = (part.reshape(-1)[outline] for part in (along[1:], along[:-1]))
        mean = (edges[1:] + edges[:-1]).reshape(-1)[outline] / 2
        # A face is added after the lower step and removed after the higher one.
        for bounds, sign in ((np.minimum(one, other), 1), (np.maximum(one, other), -1)):
            faces += sign * np.bincount(bounds + 1, minlength=bins)
            summed += sign * np.bincount(bounds + 1, mean, minlength=bins)
    faces, summed = np.cumsum(faces)[steps], np.cumsum(summed)[steps]
    curve = np.zeros(steps.size)
    curve[faces > 0] = summed[faces > 0] / faces[faces > 0]
    return curve

"""Smoothing the outlines of classes in a label image.

A pixel belongs to a class if more than half of its neighbourhood does; at exactly half
it keeps its label. The neighbourhood is a pyramid of integer weights, highest in its
centre. A pixel that a class loses gets the label with the largest weight among the
others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError

from .regions import Bool, Integers
from .rules import ClassRule


def smooth_classes(
    labels: Integers,
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    spacing: Sequence[float] | None = None,
) -> None:
    """Smooth the outlines of each class whose rule has a radius, in place.

    Parameters
    ----------
    labels
        ``(*spatial)`` integers.
    rules, class_ids
        Rule and id of each class. `ClassRule.smooth` is a radius in pixels along the
        last axis; it is as long in world units along the others.
    spacing
        World units per pixel of each axis; 1 by default.

    Raises
    ------
    InputError
        If `spacing` does not have one number per axis.
    """
    step = (1.0,) * labels.ndim if spacing is None else spacing
    if len(step) != labels.ndim:
        raise InputError(
            f"The spacing needs a number for each of {labels.ndim} axes, not {step}."
        )
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.smooth:
            radii = [round(rule.smooth * step[-1] / s) for s in step]
            _smooth(labels, class_id, radii, class_ids)


def _smooth(
    labels: Integers, class_id: int, radii: Sequence[int], class_ids: Sequence[int]
) -> None:
    """Smooth the outline of one class, with a radius in pixels per axis, in place."""
    own = labels == class_id
    if not own.any():
        return
    total = math.prod((radius + 1) ** 2 for radius in radii)
    counts = _neighbourhood(own, radii)
    lost = own & (counts < (total + 1) // 2)
    gained = ~own & (counts > total // 2)
    if lost.any():
        labels[lost] = _heirs(labels, class_id, radii, class_ids, lost)
    labels[gained] = class_id


def _heirs(
    labels: Integers,
    class_id: int,
    radii: Sequence[int],
    class_ids: Sequence[int],
    lost: Bool,
) -> Integers:
    """Return the label that each lost pixel gets.

    Parameters
    ----------
    labels
        ``(*spatial)`` integers before smoothing.
    class_id
        Class that loses the pixels.
    radii
        Radius in pixels along each axis.
    class_ids
        All classes. Of labels with the same weight the first one here counts, then 0,
        then other values in ascending order.
    lost
        ``(*spatial)`` bool, the pixels that the class loses.

    Returns
    -------
    ndarray
        ``(n_lost,)`` labels, in C order of the pixels.
    """
    present = set(np.unique(labels).tolist()) - {class_id}
    known = [i for i in (*class_ids, 0) if i in present]
    candidates = known + sorted(present - set(known))
    heir = np.full(np.count_nonzero(lost), candidates[0], labels.dtype)
    if len(candidates) > 1:
        best = _neighbourhood(labels == candidates[0], radii)[lost]
        for value in candidates[1:]:
            counts = _neighbourhood(labels == value, radii)[lost]
            heir[counts > best] = value
            np.maximum(best, counts, out=best)
    return heir


def _neighbourhood(mask: Bool, radii: Sequence[int]) -> npt.NDArray[np.unsignedinteger]:
    """Sum a mask under a pyramid of weights; pixels of the edge are repeated outside.

    Two moving sums of ``radius + 1`` pixels along each axis. The sums are integers, so
    they do not depend on where a tile begins.

    Parameters
    ----------
    mask
        ``(*spatial)`` bool.
    radii
        Radius in pixels along each axis.

    Returns
    -------
    ndarray
        ``(*spatial)`` of the smallest unsigned dtype that holds the sum of the weights,
        the product of ``(radius + 1)**2``.
    """
    total = math.prod((radius + 1) ** 2 for radius in radii)
    out = mask.astype(np.min_scalar_type(total))
    for axis, radius in enumerate(radii):
        pad = [(0, 0)] * mask.ndim
        pad[axis] = (radius, radius)
        out = np.pad(out, pad, mode="edge")
        for _ in range(2):
            out = _moving_sum(out, radius + 1, axis)
    return out


def _moving_sum(
    values: npt.NDArray[np.unsignedinteger], width: int, axis: int
) -> npt.NDArray[np.unsignedinteger]:
    """Sum `width` neighbours along an axis, which gets ``width - 1`` shorter."""
    length = values.shape[axis] - width + 1
    index = [slice(None)] * values.ndim
    index[axis] = slice(0, length)
    out = values[tuple(index)].copy()
    for start in range(1, width):
        index[axis] = slice(start, start + length)
        out += values[tuple(index)]
    return out

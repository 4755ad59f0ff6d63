"""Smoothing the outlines of classes in a label image."""

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
    """Smooth the outlines of each class that asks for it, in place.

    The radius is in pixels along the last axis, and as long along the others.
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
    """Return the most frequent other label around each pixel that a class loses."""
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
    """Sum a mask under a pyramid of weights, the edge going on outside the image.

    Two moving sums of ``radius + 1`` pixels along each axis; whole numbers, hence the
    same wherever a tile begins.
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
    length = values.shape[axis] - width + 1
    index = [slice(None)] * values.ndim
    index[axis] = slice(0, length)
    out = values[tuple(index)].copy()
    for start in range(1, width):
        index[axis] = slice(start, start + length)
        out += values[tuple(index)]
    return out

"""Planes and volumes with strokes, from which rules are suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PaintedPlane:
    """The strokes of a plane and the probabilities of a model there.

    Parameters
    ----------
    probabilities
        ``(n_classes, H, W)`` float from 0 to 1 or uint8.
    strokes
        ``(H, W)`` integer class ids, 0 = unlabelled.
    image
        ``(H, W)`` or ``(H, W, C)`` whose edges outlines follow; None to ignore edges.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    image: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PaintedVolume:
    """A volume with painted planes, in which object sizes are measured.

    Parameters
    ----------
    probabilities
        ``(n_classes, D, H, W)`` float from 0 to 1 or uint8.
    strokes
        ``(D, H, W)`` integer class ids, 0 = unlabelled.
    spacing
        World units per voxel along each axis.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    spacing: Sequence[float]

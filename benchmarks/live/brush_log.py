"""A log of where the brush was, and how much of its paint is missing in strokes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE_PIXELS = 1.5
"""Pixels inside and outside the edge of the brush that are not compared."""


@dataclass(frozen=True, slots=True)
class Dab:
    """A position of the brush, in pixels, while it is down.

    Attributes
    ----------
    time
        Seconds of `time.time`.
    y, x
        Row and column.
    class_id
        Class that is painted.
    size
        Diameter of the brush.
    stroke
        Number of the stroke; the brush moves in a line between dabs of one stroke.
    """

    time: float
    y: float
    x: float
    class_id: int
    size: float
    stroke: int


def read_dabs(log: Path) -> list[Dab]:
    """Read a log: a line about the process, then the fields of a dab on each line."""
    dabs = []
    for line in log.read_text().splitlines()[1:]:
        try:
            dabs.append(Dab(*json.loads(line)))
        except ValueError:
            break  # The process was killed in the middle of a line.
    return dabs


def seconds_missing(
    dabs: list[Dab], strokes: NDArray[Any] | None, killed: float
) -> float:
    """Return how long before the kill the oldest missing paint was painted.

    The dabs are painted again on an empty image, which is compared with the strokes
    except at the edges of the brush.

    Parameters
    ----------
    dabs
        Dabs in the order they were painted.
    strokes
        ``(H, W)`` class ids that were restored; None if nothing was.
    killed
        Time of the kill, on the clock of the dabs.

    Returns
    -------
    float
        Seconds; 0 if nothing is missing.
    """
    if strokes is None:
        return killed - dabs[0].time if dabs else 0.0
    latest = np.full(strokes.shape, -1)
    # Index -1, for pixels of unknown class, takes the last entry.
    classes = np.array([*(dab.class_id for dab in dabs), 0])
    before: Dab | None = None
    for number, dab in enumerate(dabs):
        start = before if before and before.stroke == dab.stroke else dab
        box, distance = _distances(start, dab, strokes.shape)
        part = latest[box]
        # A pixel that has the class already keeps the dab that gave it.
        new = classes[part] != dab.class_id
        # Whether napari has painted the very edge is not known.
        part[new & (distance <= dab.size / 2 + EDGE_PIXELS)] = -1
        part[new & (distance <= dab.size / 2 - EDGE_PIXELS)] = number
        before = dab
    known = latest >= 0
    wrong = latest[known][strokes[known] != classes[latest[known]]]
    return killed - min(dabs[n].time for n in wrong) if len(wrong) else 0.0


def _distances(
    start: Dab, end: Dab, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """Return a box around the line between two dabs, and its distances to the line."""
    a, b = np.array([start.y, start.x]), np.array([end.y, end.x])
    reach = end.size / 2 + EDGE_PIXELS + 1
    low = np.maximum(np.floor(np.minimum(a, b) - reach), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(a, b) + reach) + 1, shape).astype(int)
    box = slice(low[0], high[0]), slice(low[1], high[1])
    grid = np.stack(np.mgrid[box], axis=-1).astype(float)
    line = b - a
    length = float(line @ line)
    share = np.clip((grid - a) @ line / length, 0, 1) if length else 0.0
    nearest = a + np.asarray(share)[..., np.newaxis] * line
    return box, np.linalg.norm(grid - nearest, axis=-1)

"""Which state of a model each part of a plane shows, and which part is due next."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from napari_garage_unet.engine.inference.boxes import Box

CELL_SIDE_PIXELS = 64
"""Side in pixels of the squares whose state is remembered."""

MAX_PART_SIDE_VALUES = 512
"""Values along a side that are asked for at most at once: more would hold up the window
while their labels are assigned, and learning while they are computed."""

MAX_PART_SIDE_PIXELS = 1024
"""Side of a part at most, in pixels."""

MAX_OFF_VIEW_VALUES = 256
"""Like `MAX_PART_SIDE_VALUES`, of what is not on view while learning goes on."""

STROKE_MARGIN_PIXELS = 96
"""Pixels around a new stroke that are shown before everything else."""

CoverageState = tuple[int, int]
"""State of the live model: its generation, then its step."""


class Coverage:
    """Remembers which state of the model each cell of a plane shows.

    Parameters
    ----------
    shape
        Height and width of the plane in pixels.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        cells = tuple(-(-n // CELL_SIDE_PIXELS) for n in shape)
        self._states = np.full(cells, -1, np.int64)
        self._steps = np.full(cells, np.iinfo(np.int64).max)

    @property
    def whole(self) -> Box:
        """All of the plane."""
        return (0, self.shape[0], 0, self.shape[1])

    def mark(self, box: Box, state: CoverageState, *, step: int) -> None:
        """Record what is shown in a box that `parts` or `near` has returned."""
        cells = _cells(box)
        self._states[cells] = _number(state)
        self._steps[cells] = step

    def is_due(self, box: Box, state: CoverageState, *, step: int) -> bool:
        """Whether some of a box shows an older state, or coarser pixels."""
        cells = _cells(box)
        older = self._states[cells] < _number(state)
        return bool((older | (self._steps[cells] > step)).any())

    def next_part(
        self,
        region: Box,
        state: CoverageState,
        *,
        step: int,
        side: int = MAX_PART_SIDE_VALUES,
    ) -> Box | None:
        """Return the part of a region that is due and has the oldest pixels, or None.

        Parameters
        ----------
        region
            Where to look, ``(y0, y1, x0, x1)`` in pixels.
        state
            State of the model that is to be shown.
        step
            Pixels from one value to the next.
        side
            Largest number of values along a side of a part.
        """
        due = [
            part
            for part in self.parts(region, step=step, side=side)
            if self.is_due(part, state, step=step)
        ]
        return min(
            due, key=lambda part: int(self._states[_cells(part)].min()), default=None
        )

    def parts(
        self, region: Box, *, step: int, side: int = MAX_PART_SIDE_VALUES
    ) -> Iterator[Box]:
        """Cut a region, widened to whole cells, into parts to be asked for."""
        y0, y1, x0, x1 = self._widen(region)
        # At a coarse step, filling the pixels takes most of the window's time.
        length = max(side, min(side * step, MAX_PART_SIDE_PIXELS))
        for top, bottom in _cut(y0, y1, length):
            for left, right in _cut(x0, x1, length):
                yield (top, bottom, left, right)

    def near(self, stroke: Box, visible: Box) -> Box | None:
        """Return the surroundings of a stroke, as far as they are on view.

        None where that is not much less than all that is on view (three quarters).
        """
        if _overlap(stroke, visible) is None:
            return None
        y0, y1, x0, x1 = stroke
        around = _overlap(
            (
                y0 - STROKE_MARGIN_PIXELS,
                y1 + STROKE_MARGIN_PIXELS,
                x0 - STROKE_MARGIN_PIXELS,
                x1 + STROKE_MARGIN_PIXELS,
            ),
            visible,
        )
        if around is None:
            return None
        around = self._widen(around)
        return around if 4 * _area(around) < 3 * _area(self._widen(visible)) else None

    def _widen(self, box: Box) -> Box:
        (height, width), (y0, y1, x0, x1) = self.shape, box
        return (
            max(y0, 0) // CELL_SIDE_PIXELS * CELL_SIDE_PIXELS,
            min(-(-y1 // CELL_SIDE_PIXELS) * CELL_SIDE_PIXELS, height),
            max(x0, 0) // CELL_SIDE_PIXELS * CELL_SIDE_PIXELS,
            min(-(-x1 // CELL_SIDE_PIXELS) * CELL_SIDE_PIXELS, width),
        )


def _cut(start: int, stop: int, side: int) -> Iterator[tuple[int, int]]:
    # Cut where the engine's tiles end, so that no tile is computed twice.
    cuts = [start, *range((start // side + 1) * side, stop, side), stop]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < side // 2:
        del cuts[-2]
    yield from itertools.pairwise(cuts)


def _cells(box: Box) -> tuple[slice, slice]:
    y0, y1, x0, x1 = box
    return slice(y0 // CELL_SIDE_PIXELS, -(-y1 // CELL_SIDE_PIXELS)), slice(
        x0 // CELL_SIDE_PIXELS, -(-x1 // CELL_SIDE_PIXELS)
    )


def _overlap(a: Box, b: Box) -> Box | None:
    y0, y1, x0, x1 = (
        choose(m, n) for choose, m, n in zip((max, min, max, min), a, b, strict=True)
    )
    return (y0, y1, x0, x1) if y0 < y1 and x0 < x1 else None


def _area(box: Box) -> int:
    return (box[1] - box[0]) * (box[3] - box[2])


def _number(state: CoverageState) -> int:
    generation, step = state
    return generation << 32 | step

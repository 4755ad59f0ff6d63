"""Contacts between the runs of neighbouring lines of an image.

A line is a row of pixels along the last axis, a run a stretch of equal labels in it.
The runs are those of run-based component labelling [1]_.

References
----------
.. [1] L. He, Y. Chao, K. Suzuki, "A run-based two-scan labeling algorithm", IEEE
   Trans. Image Process. 17, 2008.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.signedinteger]


def contacts_of_runs(
    shape: tuple[int, ...], lines: Int, places: Int
) -> Iterator[tuple[Int, Int, Int | None]]:
    """Yield the runs of neighbouring lines that touch.

    Two neighbouring lines are cut wherever one of them begins a run. Between two cuts
    one run lies beside one other.

    Parameters
    ----------
    shape
        Shape of the image.
    lines
        ``(n_runs,)`` number of the line of each run, ascending.
    places
        ``(n_runs,)`` position in its line at which each run begins, in pixels.

    Yields
    ------
    first, second
        ``(n,)`` numbers of runs that touch.
    faces
        ``(n,)`` pixel faces between the two, once for each pair of lines; None if they
        meet at edges or corners.
    """
    width = shape[-1]
    for step in itertools.product((-1, 0, 1), repeat=len(shape) - 1):
        if next((s for s in step if s), 0) != 1:
            continue  # the opposite step gives the same pairs
        spans = list(zip(step, shape[:-1], strict=True))
        here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in spans)
        there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in spans)
        runs, keys = _runs_of_lines(shape, here, lines, places)
        runs_there, keys_there = _runs_of_lines(shape, there, lines, places)
        if not runs.size:
            continue
        # Both are sorted, so a stable sort merges them in linear time.
        merged = np.concatenate([2 * keys, 2 * keys_there + 1])
        merged.sort(kind="stable")
        is_there = (merged & 1).astype(bool)
        merged >>= 1
        is_last = np.empty(merged.size, bool)
        np.not_equal(merged[1:], merged[:-1], out=is_last[:-1])
        is_last[-1] = True
        last = np.flatnonzero(is_last)
        count_there = np.cumsum(is_there, dtype=lines.dtype)[last]
        second = runs_there[count_there - 1]
        first = runs[last.astype(lines.dtype) - count_there]
        cuts = merged[last]
        # If both lines begin a run here, four runs meet at a corner.
        both = np.empty(last.size, bool)
        both[0] = last[0] == 1
        np.equal(last[1:] - last[:-1], 2, out=both[1:])
        corner = np.flatnonzero(both)
        corner = corner[cuts[corner] % width != 0]
        if sum(map(abs, step)) == 1:
            end = lines.dtype.type(math.prod(s.stop - s.start for s in here) * width)
            yield first, second, np.diff(cuts, append=end)
        else:
            yield first, second, None
        yield first[corner], second[corner] - 1, None
        yield first[corner] - 1, second[corner], None


def _runs_of_lines(
    shape: tuple[int, ...], box: tuple[slice, ...], lines: Int, places: Int
) -> tuple[Int, Int]:
    """Return the runs in a box of lines.

    Parameters
    ----------
    shape
        Shape of the image.
    box
        Slices of all axes but the last.
    lines, places
        See `contacts_of_runs`.

    Returns
    -------
    runs
        ``(n,)`` numbers of the runs, ascending.
    starts
        ``(n,)`` flat index in the box at which each begins, ascending.
    """
    if all(s.stop - s.start == n for s, n in zip(box[1:], shape[1:], strict=False)):
        # The lines of the box are consecutive, as in every plane.
        stride = math.prod(shape[1:-1])
        ends = [box[0].start * stride, box[0].stop * stride]
        first, last = np.searchsorted(lines, ends).tolist()
        runs = np.arange(first, last, dtype=lines.dtype)
        return runs, (lines[first:last] - ends[0]) * shape[-1] + places[first:last]
    number = np.full(shape[:-1], -1, lines.dtype)
    number[box] = np.arange(number[box].size).reshape(number[box].shape)
    inside = number.reshape(-1)[lines]
    runs = np.flatnonzero(inside >= 0).astype(lines.dtype)
    return runs, inside[runs] * shape[-1] + places[runs]

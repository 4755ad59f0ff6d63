"""Runs of equal labels that touch."""

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
    """Find the runs of neighbouring lines that touch.

    Two neighbouring lines are cut wherever either of them begins a run. Between cuts
    one run lies beside one other.

    Parameters
    ----------
    shape
        Of the image.
    lines, places
        The line in which each run lies, and where in it the run begins.

    Yields
    ------
    first, second
        Pairs of runs.
    faces
        The pixel faces between the two, once for each pair of lines; None where they
        meet in edges or corners.
    """
    width = shape[-1]
    for step in itertools.product((-1, 0, 1), repeat=len(shape) - 1):
        if next((s for s in step if s), 0) != 1:
            continue  # the opposite step finds the same pairs
        spans = list(zip(step, shape[:-1], strict=True))
        here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in spans)
        there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in spans)
        runs, keys = _runs_of_lines(shape, here, lines, places)
        runs_there, keys_there = _runs_of_lines(shape, there, lines, places)
        if not runs.size:
            continue
        # Both are in order, and merging them is quick.
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
        # Where both begin a run inside their lines, four runs meet in a corner.
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
    """Return the runs in a box of lines, and where in the box they begin, in order."""
    if all(s.stop - s.start == n for s, n in zip(box[1:], shape[1:], strict=False)):
        # Lines that follow each other, as always in a plane.
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

"""Boxes of a plane that take less time together than one by one."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[int, int, int, int]
"""``(y0, y1, x0, x1)`` in pixels of a plane; ends are not included."""


def group_boxes(boxes: Sequence[Box], radius: int) -> list[tuple[Box, list[int]]]:
    """Join boxes as long as they and their margins are smaller together.

    Parameters
    ----------
    boxes
        Boxes of one plane.
    radius
        Width of the margin around each box in pixels: how far a value depends on the
        plane.

    Returns
    -------
    list of (Box, list of int)
        Boxes that hold the given ones, and the positions of those in `boxes`.
    """

    def seen_around(box: Box) -> int:
        y0, y1, x0, x1 = box
        return (y1 - y0 + 2 * radius) * (x1 - x0 + 2 * radius)

    groups: list[tuple[Box, list[int]]] = []
    for number, box in enumerate(boxes):
        members = [number]
        at = 0
        while at < len(groups):
            other, others = groups[at]
            both = _hull(box, other)
            if seen_around(both) <= seen_around(box) + seen_around(other):
                del groups[at]
                # It is larger now, and may reach those that were too far away.
                box, members, at = both, others + members, 0
            else:
                at += 1
        groups.append((box, members))
    return groups


def _hull(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        max(one[3], other[3]),
    )

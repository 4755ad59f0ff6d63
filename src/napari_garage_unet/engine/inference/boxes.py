"""Boxes of a plane that are computed together, as it takes less than one by one."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[int, int, int, int]
"""``(y0, y1, x0, x1)`` in pixels of a plane; ends are not included."""


def group_boxes(boxes: Sequence[Box], radius: int) -> list[tuple[Box, list[int]]]:
    """Join boxes as long as they and what is seen around are smaller together.

    Parameters
    ----------
    boxes
        Of one plane.
    radius
        How far in pixels can be seen.

    Returns
    -------
    list of (Box, list of int)
        Boxes that hold others, and the numbers of those.
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

"""Parts of a plane, and the regions that their values depend on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK_SIDE_PIXELS = 512
"""Side of the blocks of a plane."""


@dataclass(frozen=True, slots=True)
class PlaneBlock:
    """A part of a padded plane, and the wider region its values depend on.

    Parameters
    ----------
    rows, columns
        The part, in pixels of the plane.
    seen_rows, seen_columns
        The region, which holds the part.
    """

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (
            self.rows.stop - self.rows.start,
            self.columns.stop - self.columns.start,
        )


def all_blocks(
    shape: tuple[int, ...],
    radius: int,
    *,
    stride: int = 16,
    side: int = BLOCK_SIDE_PIXELS,
) -> Iterator[PlaneBlock]:
    """Cut a plane into blocks.

    Parameters
    ----------
    shape
        ``(H, W)`` of the padded plane, multiples of `stride`.
    radius
        How far in pixels a value depends on the plane.
    stride
        The seen regions begin and end at multiples of it, in pixels.
    side
        Side of the blocks in pixels.

    Yields
    ------
    PlaneBlock
        Row by row, without overlap.
    """
    height, width = shape
    for top in range(0, height, side):
        for left in range(0, width, side):
            rows = slice(top, min(top + side, height))
            columns = slice(left, min(left + side, width))
            yield PlaneBlock(
                rows,
                columns,
                slice(*widen(rows, radius, stride, height)),
                slice(*widen(columns, radius, stride, width)),
            )


def stroked_blocks(targets: NDArray[np.int32], stride: int) -> Iterator[PlaneBlock]:
    """Find the blocks of a padded plane that have labelled pixels.

    Parameters
    ----------
    targets
        ``(H, W)``, 0 is unlabelled.
    stride
        Stride of the deepest feature map in pixels. A block sees one cell of it beyond
        its borders, so that interpolation in it is that of the plane.

    Yields
    ------
    PlaneBlock
        Half as wide and high as those of `all_blocks`.
    """
    for block in all_blocks(
        targets.shape, stride, stride=stride, side=BLOCK_SIDE_PIXELS // 2
    ):
        if targets[block.rows, block.columns].any():
            yield block


def widen(span: slice, radius: int, stride: int, size: int) -> tuple[int, int]:
    """Widen a span to what its values depend on, on the grid of the stride.

    Parameters
    ----------
    span
        Pixels along one axis of a plane.
    radius
        How far in pixels a value depends on the plane.
    stride
        The ends become multiples of it, in pixels.
    size
        Length of the padded plane along the axis, a multiple of `stride`.

    Returns
    -------
    start, stop : int
        Within the plane.
    """
    start = max(span.start - radius, 0) // stride * stride
    stop = min(-(-(span.stop + radius) // stride) * stride, size)
    return start, stop

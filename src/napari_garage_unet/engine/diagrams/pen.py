"""Lines, boxes and words on a picture, in units of length."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""Units of length to the right and down."""

SCALE = 2
"""Pixels per unit of length, so that the picture is sharp on any screen."""

BOX_WIDTH, BOX_HEIGHT = 280.0, 78.0

TEXT = "#1b1b1b"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the size all blocks have."""

    x: float
    y: float

    @property
    def center(self) -> Point:
        """The middle."""
        return self.x + BOX_WIDTH / 2, self.y + BOX_HEIGHT / 2

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + BOX_WIDTH

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + BOX_HEIGHT


class Pen:
    """Draws in units of length on a picture with `SCALE` pixels per unit."""

    def __init__(self, width: float, height: float) -> None:
        from PIL import Image, ImageDraw

        size = (round(width * SCALE), round(height * SCALE))
        self.image = Image.new("RGB", size, "#ffffff")
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self,
        at: Point,
        text: str,
        *,
        size: float = 12.5,
        color: str = TEXT,
        bold: bool = False,
        anchor: str = "mm",
    ) -> None:
        """Write a line; `anchor` as in Pillow, `size` in units of length."""
        from PIL import ImageFont

        self._draw.text(
            (at[0] * SCALE, at[1] * SCALE),
            text,
            fill=color,
            font=ImageFont.load_default(size * SCALE),
            anchor=anchor,
            stroke_width=0.35 * SCALE if bold else 0,
            stroke_fill=color,
        )

    def rectangle(self, box: Box, *, fill: str, outline: str) -> None:
        """Draw a box with round corners."""
        corners = [c * SCALE for c in (box.x, box.y, box.right, box.bottom)]
        self._draw.rounded_rectangle(
            corners, radius=9 * SCALE, fill=fill, outline=outline, width=SCALE
        )

    def arrow(
        self, points: Sequence[Point], *, color: str, dashed: bool = False
    ) -> None:
        """Draw straight lines from point to point, and a head at the last one."""
        for start, end in itertools.pairwise(points):
            self._line(start, end, color=color, dashed=dashed)
        (x0, y0), (x1, y1) = points[-2:]
        length = max(abs(x1 - x0) + abs(y1 - y0), 1.0)
        dx, dy = 9 * (x1 - x0) / length, 9 * (y1 - y0) / length
        head = [
            (x1, y1),
            (x1 - dx + dy / 2, y1 - dy + dx / 2),
            (x1 - dx - dy / 2, y1 - dy - dx / 2),
        ]
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in head], fill=color)

    def _line(self, start: Point, end: Point, *, color: str, dashed: bool) -> None:
        (x0, y0), (x1, y1) = start, end
        pieces = max(int((abs(x1 - x0) + abs(y1 - y0)) / 6), 1) if dashed else 1
        for piece in range(0, pieces, 2):
            ends = [
                ((x0 + t * (x1 - x0)) * SCALE, (y0 + t * (y1 - y0)) * SCALE)
                for t in (piece / pieces, (piece + 1) / pieces)
            ]
            self._draw.line(ends, fill=color, width=2 * SCALE)

"""A picture of a U-Net: levels, sizes, channels and skips.

Keras draws with graphviz, which is no Python package and shows a U-Net as one long
chain. This draws the U with Pillow.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_garage_unet.engine.errors import InputError, OutputError

from .diagram import Diagram, DiagramBlock, Shape, Side, read_diagram, read_pretrained

if TYPE_CHECKING:
    from PIL import Image

    from napari_garage_unet.engine.models.model import Model

Point = tuple[float, float]

SCALE = 2
"""Pixels per unit of length, so that the picture is sharp on any screen."""

MARGIN = 40.0
TITLE_HEIGHT = 70.0
BOX_WIDTH, BOX_HEIGHT = 280.0, 78.0
ROW = 118.0
STEP_IN = 46.0
SKIP_LENGTH = 190.0
LONGEST_LIST = 6

TEXT = "#1b1b1b"
FAINT = "#5f6b76"
SKIP = "#8a5a78"
FROZEN = "#e6e6ea"
FILLS: dict[Side, str] = {"down": "#d9ecfa", "bottom": "#fbe8c8", "up": "#d5f0e4"}
LINES: dict[Side, str] = {"down": "#0072b2", "bottom": "#a86400", "up": "#007a56"}


def draw_network(model: Any, path: str | Path, *, encoder: Any = None) -> None:
    """Draw a U-Net as a PNG.

    Parameters
    ----------
    model
        A functional Keras model, such as `build_unet` returns.
    path
        File to write; its suffix chooses the format, ``.png`` as a rule.
    encoder
        Keras model that computes the inputs of `model`, in their order; drawn as the
        left side of the U.

    Raises
    ------
    InputError
        If the model does not halve and double the image and so is no U-Net, or the
        suffix is not that of a picture.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> model = build_unet((160, 160, 3))  # doctest: +SKIP
    >>> draw_network(model, "model.png")  # doctest: +SKIP
    """
    _save(render(read_diagram(model, encoder=encoder)), Path(path))


def draw_model(model: Model, path: str | Path) -> None:
    """Draw the network of a trained model, as `draw_network` does.

    Raises
    ------
    InputError, OutputError
        As for `draw_network`.
    """
    from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

    network = model.predictor.network
    if isinstance(network, PretrainedNetwork):
        diagram = read_pretrained(network)
    else:
        diagram = read_diagram(network.head)
        # It gives logits; what the model does with them belongs into the picture.
        diagram = dataclasses.replace(diagram, output=(*diagram.output, "softmax"))
    _save(render(diagram), Path(path))


def _save(picture: Image.Image, path: Path) -> None:
    try:
        picture.save(path)
    except ValueError as error:
        raise InputError(
            f"{path} has no suffix of a picture; write the network to a .png file."
        ) from error
    except OSError as error:
        raise OutputError(
            f"The picture cannot be written to {path} ({error.strerror or error}); "
            "choose a folder that exists and that you may write to."
        ) from error


def render(diagram: Diagram) -> Image.Image:
    """Paint a diagram.

    Returns
    -------
    PIL.Image.Image
        RGB.
    """
    levels = max(block.level for block in diagram.blocks)
    width = 2 * (MARGIN + BOX_WIDTH + STEP_IN * (levels - 1)) + SKIP_LENGTH
    height = 2 * MARGIN + TITLE_HEIGHT + ROW * levels + BOX_HEIGHT
    boxes = _lay_out(diagram.blocks, width=width, levels=levels)
    pen = _Pen(width, height)
    title = f"{diagram.name}: {diagram.parameters:,} parameters"
    pen.text((width / 2, MARGIN - 6), title, size=19, bold=True)
    for block in diagram.blocks:
        _draw_ways_in(pen, block, boxes)
    for block, name in zip(diagram.blocks, _names(diagram.blocks), strict=True):
        _draw_block(pen, block, boxes[block.side, block.level], name)
    first, last = diagram.blocks[0], diagram.blocks[-1]
    image = f"image {_size(diagram.image, 0)}"
    _draw_port(pen, boxes[first.side, first.level], image, inwards=True)
    outputs = f"{diagram.n_outputs} output" + "s" * (diagram.n_outputs > 1)
    result = ", ".join((*diagram.output, outputs))
    _draw_port(pen, boxes[last.side, last.level], result, inwards=False)
    return pen.image


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of the size all blocks have."""

    x: float
    y: float

    @property
    def center(self) -> Point:
        return self.x + BOX_WIDTH / 2, self.y + BOX_HEIGHT / 2

    @property
    def right(self) -> float:
        return self.x + BOX_WIDTH

    @property
    def bottom(self) -> float:
        return self.y + BOX_HEIGHT


_Boxes = dict[tuple[Side, int], _Box]


def _lay_out(blocks: Sequence[DiagramBlock], *, width: float, levels: int) -> _Boxes:
    boxes = {}
    for block in blocks:
        inset = MARGIN + STEP_IN * min(block.level, levels - 1)
        x = {
            "down": inset,
            "bottom": (width - BOX_WIDTH) / 2,
            "up": width - inset - BOX_WIDTH,
        }[block.side]
        y = MARGIN + TITLE_HEIGHT + ROW * block.level
        boxes[block.side, block.level] = _Box(x, y)
    return boxes


def _draw_block(pen: _Pen, block: DiagramBlock, box: _Box, name: str) -> None:
    fill = FROZEN if block.frozen else FILLS[block.side]
    pen.rectangle(box, fill=fill, outline=LINES[block.side])
    x = box.center[0]
    title = f"{name} (frozen)" if block.frozen else name
    pen.text((x, box.y + 16), title, size=14, bold=True)
    pen.text((x, box.y + 39), _operations(block.layers), color=FAINT)
    pen.text((x, box.y + 61), _size(block.shape, block.level), size=14)


def _draw_ways_in(pen: _Pen, block: DiagramBlock, boxes: _Boxes) -> None:
    box, color = boxes[block.side, block.level], LINES[block.side]
    if block.side != "up":
        above = boxes.get(("down", block.level - 1))
        if above:
            _connect(pen, above, box, block.way_in, color=color)
        return
    below = ("up", block.level + 1), ("bottom", block.level + 1)
    for key in below:
        if key in boxes:
            _connect(pen, boxes[key], box, block.way_in, color=color)
            break
    source = boxes.get(("down", block.level))
    if block.skip and source:
        y = box.center[1]
        pen.arrow([(source.right, y), (box.x, y)], color=SKIP, dashed=True)
        middle = (source.right + box.x) / 2
        pen.text((middle, y - 11), f"skip, {block.skip}", color=SKIP)


def _connect(pen: _Pen, start: _Box, end: _Box, caption: str, *, color: str) -> None:
    """Draw an arrow between neighbouring levels, round the corner where needed."""
    upper, lower = (start, end) if start.y < end.y else (end, start)
    left = max(upper.x, lower.x) + 20
    right = min(upper.right, lower.right) - 20
    if left <= right:
        x, y = (left + right) / 2, (upper.bottom + lower.y) / 2
        points = [(x, upper.bottom), (x, lower.y)]
        outwards = 1.0
    else:
        x = upper.center[0]
        outwards = -1.0 if x < lower.x else 1.0
        corner = (x, lower.center[1])
        edge = lower.x if x < lower.x else lower.right
        points = [(x, upper.bottom), corner, (edge, corner[1])]
        y = (upper.bottom + corner[1]) / 2
    pen.arrow(points if start is upper else points[::-1], color=color)
    anchor = "lm" if outwards > 0 else "rm"
    pen.text((x + 9 * outwards, y), caption, color=color, anchor=anchor)


def _draw_port(pen: _Pen, box: _Box, caption: str, *, inwards: bool) -> None:
    """Draw where the image enters or the result leaves."""
    x = box.center[0]
    line = [(x, box.y - 26), (x, box.y)]
    pen.arrow(line if inwards else line[::-1], color=FAINT)
    pen.text((x, box.y - 36), caption)


def _names(blocks: Sequence[DiagramBlock]) -> Iterator[str]:
    counts = {"down": 0, "up": 0}
    for block in blocks:
        if block.side == "bottom":
            yield "bottleneck"
        elif not block.layers and block.side == "down":
            yield "image"
        else:
            counts[block.side] += 1
            side = "encoder" if block.side == "down" else "decoder"
            yield f"{side} block {counts[block.side]}"


def _operations(layers: Sequence[str]) -> str:
    """Say in one line what a block does, for example ``2 x (conv 3x3, ReLU)``."""
    if not layers:
        return "as it is"
    part = list(layers)
    for length in range(1, len(layers) + 1):
        part = list(layers[:length])
        if part * (len(layers) // length) == list(layers):
            break
    repeats = len(layers) // len(part)
    if len(part) > LONGEST_LIST:
        n = sum("conv" in name for name in layers)
        return f"{n} convolutions among {len(layers)} layers"
    return f"{repeats} x ({', '.join(part)})" if repeats > 1 else ", ".join(part)


def _size(shape: Shape, level: int) -> str:
    height, width, channels = shape
    part = f"/{2**level}" if level else ""
    return f"{height or f'H{part}'} x {width or f'W{part}'} x {channels}"


class _Pen:
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

    def rectangle(self, box: _Box, *, fill: str, outline: str) -> None:
        corners = [c * SCALE for c in (box.x, box.y, box.right, box.bottom)]
        self._draw.rounded_rectangle(
            corners, radius=9 * SCALE, fill=fill, outline=outline, width=SCALE
        )

    def arrow(
        self, points: Sequence[Point], *, color: str, dashed: bool = False
    ) -> None:
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

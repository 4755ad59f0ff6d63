"""A picture of a U-Net: levels, sizes, channels and skips.

Keras draws with graphviz, which is no Python package and shows a U-Net as one long
chain. This draws the U with Pillow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_garage_unet.engine.errors import InputError, OutputError

from .diagram import Diagram, DiagramBlock, Shape, Side
from .keras_graph import read_diagram
from .pen import BOX_HEIGHT, BOX_WIDTH, Box, Pen

if TYPE_CHECKING:
    from PIL import Image

    from napari_garage_unet.engine.models.model import Model

MARGIN = 40.0
TITLE_HEIGHT = 70.0
LEVEL_HEIGHT = 118.0
LEVEL_INSET = 46.0
SKIP_LENGTH = 190.0
"""Lengths of the layout, in units of length."""

MAX_LISTED_LAYERS = 6
"""Layers of a block that are listed; more are counted."""

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
    from .network_diagram import diagram_of

    _save(render(diagram_of(model.predictor.network)), Path(path))


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
    width = 2 * (MARGIN + BOX_WIDTH + LEVEL_INSET * (levels - 1)) + SKIP_LENGTH
    height = 2 * MARGIN + TITLE_HEIGHT + LEVEL_HEIGHT * levels + BOX_HEIGHT
    boxes = _lay_out(diagram.blocks, width=width, levels=levels)
    pen = Pen(width, height)
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


Boxes = dict[tuple[Side, int], Box]


def _lay_out(blocks: Sequence[DiagramBlock], *, width: float, levels: int) -> Boxes:
    boxes = {}
    for block in blocks:
        inset = MARGIN + LEVEL_INSET * min(block.level, levels - 1)
        x = {
            "down": inset,
            "bottom": (width - BOX_WIDTH) / 2,
            "up": width - inset - BOX_WIDTH,
        }[block.side]
        y = MARGIN + TITLE_HEIGHT + LEVEL_HEIGHT * block.level
        boxes[block.side, block.level] = Box(x, y)
    return boxes


def _draw_block(pen: Pen, block: DiagramBlock, box: Box, name: str) -> None:
    fill = FROZEN if block.frozen else FILLS[block.side]
    pen.rectangle(box, fill=fill, outline=LINES[block.side])
    x = box.center[0]
    title = f"{name} (frozen)" if block.frozen else name
    pen.text((x, box.y + 16), title, size=14, bold=True)
    pen.text((x, box.y + 39), _operations(block.layers), color=FAINT)
    pen.text((x, box.y + 61), _size(block.shape, block.level), size=14)


def _draw_ways_in(pen: Pen, block: DiagramBlock, boxes: Boxes) -> None:
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


def _connect(pen: Pen, start: Box, end: Box, caption: str, *, color: str) -> None:
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


def _draw_port(pen: Pen, box: Box, caption: str, *, inwards: bool) -> None:
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
    if len(part) > MAX_LISTED_LAYERS:
        n = sum("conv" in name for name in layers)
        return f"{n} convolutions among {len(layers)} layers"
    return f"{repeats} x ({', '.join(part)})" if repeats > 1 else ", ".join(part)


def _size(shape: Shape, level: int) -> str:
    height, width, channels = shape
    part = f"/{2**level}" if level else ""
    return f"{height or f'H{part}'} x {width or f'W{part}'} x {channels}"

"""A U-Net as it is drawn: blocks at levels on two sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["down", "bottom", "up"]

Shape = tuple[int | None, int | None, int]
"""Height, width and channels; None where any size goes."""


@dataclass(slots=True)
class DiagramBlock:
    """What happens at one level on one side of the U.

    Parameters
    ----------
    side
        Left, bottom or right part of the U.
    level
        How often the image has been halved.
    layers
        What is done, in order, such as ``"conv 3x3"``.
    shape
        Shape of what comes out.
    way_in
        What leads here from the level before, such as ``"max-pool 2x2"``.
    skip
        How the skip from the left side is joined; empty without one.
    frozen
        Whether it has weights and none of them is trained.
    """

    side: Side
    level: int
    layers: list[str] = field(default_factory=list)
    shape: Shape = (None, None, 0)
    way_in: str = ""
    skip: str = ""
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """A U-Net as it is drawn.

    Parameters
    ----------
    name
        Name of the network.
    parameters
        Number of its weights, trained and frozen ones.
    image
        Shape of what goes in.
    blocks
        From the top left down and up to the top right.
    output
        What follows the last block, such as ``("conv 1x1", "softmax")``.
    n_outputs
        Channels that come out.
    """

    name: str
    parameters: int
    image: Shape
    blocks: tuple[DiagramBlock, ...]
    output: tuple[str, ...]
    n_outputs: int

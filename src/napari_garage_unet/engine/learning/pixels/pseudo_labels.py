"""Pseudo-labels: what a network predicts for the blocks of its own stroked planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import PlaneBlock, all_blocks
from napari_garage_unet.engine.learning.training_plane import TrainingPlane

MAX_BLOCKS = 12
"""Blocks that get pseudo-labels."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


def draw_blocks(
    planes: Sequence[TrainingPlane], radius: int, rng: np.random.Generator
) -> list[tuple[TrainingPlane, PlaneBlock]]:
    """Draw the blocks that get pseudo-labels, at most `MAX_BLOCKS`, none twice.

    Blocks without any data get none.

    Parameters
    ----------
    planes
        Padded planes with their features.
    radius
        How far in pixels a probability can see; blocks come with such a margin.
    rng
        Source of randomness.
    """
    every = [
        (plane, block)
        for plane in planes
        for block in all_blocks(plane.targets.shape, radius)
    ]
    # What little has data may lie between the cells of all blocks.
    blocks = [one for one in every if has_data(*one)] or every
    return [blocks[number] for number in rng.permutation(len(blocks))[:MAX_BLOCKS]]


def cells_with_data(
    plane: TrainingPlane, block: PlaneBlock
) -> NDArray[np.bool_] | None:
    """Return which cells of a block have data, ``(n_cells,)``; None if all have."""
    return plane.cells_with_data(block.rows, block.columns, step=GRID)


def has_data(plane: TrainingPlane, block: PlaneBlock) -> bool:
    """Whether any cell of a block has data."""
    there = cells_with_data(plane, block)
    return there is None or bool(there.any())


def pseudo_labels_on_grid(
    probabilities: Floats, block: PlaneBlock, *, step: int = 1
) -> Floats:
    """Cut the cells of a block out of the probabilities of the region seen for it.

    Parameters
    ----------
    probabilities
        ``(n_classes, H / step, W / step)`` of the seen region.
    block
        The block.
    step
        Pixels from one probability to the next, 1 or `GRID`.

    Returns
    -------
    ndarray of shape (n_cells, n_classes)
        Every `GRID`-th pixel of the block, row by row.
    """
    top = (block.rows.start - block.seen_rows.start) // step
    left = (block.columns.start - block.seen_columns.start) // step
    height, width = (-(-size // step) for size in block.shape)
    every = GRID // step
    cut = probabilities[:, top : top + height : every, left : left + width : every]
    return cut.reshape(len(cut), -1).T.copy()


def choose_sure(
    pseudo_labels: Floats,
    block: PlaneBlock,
    n: int,
    rng: np.random.Generator,
    *,
    there: NDArray[np.bool_] | None = None,
) -> tuple[Pixels, Pixels, Pixels]:
    """Draw cells of a block, sure ones and those of rare classes more often.

    The odds of a cell are its highest probability squared, over the square root of the
    number of cells that have the same most probable class.

    Parameters
    ----------
    pseudo_labels
        ``(n_cells, n_classes)`` as `pseudo_labels_on_grid` returns; each row sums to 1.
    block
        The block.
    n
        How many to draw, none twice; all if there are fewer.
    rng
        Source of randomness.
    there
        ``(n_cells,)`` bool, cells that may be drawn; None if all may.

    Returns
    -------
    chosen : ndarray of shape (n,)
        Numbers of the cells.
    rows, columns : ndarray of shape (n,)
        Their pixels in the block.
    """
    best = pseudo_labels.argmax(axis=1)
    area = np.bincount(best, minlength=pseudo_labels.shape[1])[best]
    odds = pseudo_labels.max(axis=1).astype(np.float64) ** 2 / np.sqrt(area)
    n = min(n, len(odds))
    if there is not None and there.any():
        odds = odds * there
        n = min(n, int(np.count_nonzero(there)))
    chosen = rng.choice(len(odds), n, replace=False, p=odds / odds.sum())
    rows, columns = np.divmod(chosen, -(-block.shape[1] // GRID))
    return chosen, rows * GRID, columns * GRID

"""What there is to be learnt from the answers of a network, a block at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import PlaneBlock, all_blocks
from napari_garage_unet.engine.learning.training_plane import TrainingPlane

MOST_BLOCKS = 12
"""Blocks that are asked about at the most."""

Floats = NDArray[np.float32]
Pixels = NDArray[np.integer[Any]]


def draw_blocks(
    planes: Sequence[TrainingPlane], radius: int, rng: np.random.Generator
) -> list[tuple[TrainingPlane, PlaneBlock]]:
    """Draw the blocks that are asked about.

    Parameters
    ----------
    planes
        Padded planes with their features.
    radius
        How far in pixels an answer sees.
    rng
        Draws them.
    """
    blocks = [
        (plane, block)
        for plane in planes
        for block in all_blocks(plane.targets.shape, radius)
    ]
    return [blocks[number] for number in rng.permutation(len(blocks))[:MOST_BLOCKS]]


def pseudo_labels_on_grid(
    answers: Floats, block: PlaneBlock, *, step: int = 1
) -> Floats:
    """Cut the answers in a block out of those in all that is seen for it.

    Parameters
    ----------
    answers
        ``(n_classes, H / step, W / step)`` of the seen region.
    block
        Which one.
    step
        Pixels from one answer to the next, 1 or `GRID`.

    Returns
    -------
    ndarray of shape (n_cells, n_classes)
        On the grid, row by row.
    """
    top = (block.rows.start - block.seen_rows.start) // step
    left = (block.columns.start - block.seen_columns.start) // step
    height, width = (-(-size // step) for size in block.shape)
    every = GRID // step
    cut = answers[:, top : top + height : every, left : left + width : every]
    return cut.reshape(len(cut), -1).T.copy()


def choose_sure(
    answers: Floats, block: PlaneBlock, n: int, rng: np.random.Generator
) -> tuple[Pixels, Pixels, Pixels]:
    """Choose cells of a block: sure ones first, and rare classes more often.

    Parameters
    ----------
    answers
        ``(n_cells, n_classes)`` as `pseudo_labels_on_grid` returns; sum to 1.
    block
        Which one.
    n
        How many to choose; all if there are fewer.
    rng
        Draws them.

    Returns
    -------
    chosen : ndarray of shape (n,)
        Numbers of the cells.
    rows, columns : ndarray of shape (n,)
        Their pixels in the block.
    """
    best = answers.argmax(axis=1)
    # More often than their area asks for.
    area = np.bincount(best, minlength=answers.shape[1])[best]
    odds = answers.max(axis=1).astype(np.float64) ** 2 / np.sqrt(area)
    n = min(n, len(odds))
    chosen = rng.choice(len(odds), n, replace=False, p=odds / odds.sum())
    rows, columns = np.divmod(chosen, -(-block.shape[1] // GRID))
    return chosen, rows * GRID, columns * GRID

"""Pseudo-labels: which blocks and which of their cells are learnt."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import PlaneBlock, all_blocks
from napari_garage_unet.engine.learning.pixels.pseudo_labels import (
    MAX_BLOCKS,
    choose_sure,
    draw_blocks,
    pseudo_labels_on_grid,
)
from napari_garage_unet.engine.learning.training_plane import TrainingPlane

RADIUS = 20


def make_plane(shape, key=(0,)):
    return TrainingPlane(np.zeros(shape, np.int32), lambda rows, columns: (), key)


def block_of(height, width):
    (block,) = all_blocks((height, width), RADIUS)
    return block


def test_cells_are_cut_like_pixels():
    stride, shape = 16, (96, 160)
    labels = np.random.default_rng(0).random((3, *shape), np.float32)
    cells = labels[:, ::GRID, ::GRID]
    blocks = list(all_blocks(shape, RADIUS, stride=stride, side=48))
    assert any(block.seen_rows.start < block.rows.start for block in blocks)
    for block in blocks:
        seen = block.seen_rows, block.seen_columns
        coarse = tuple(slice(s.start // GRID, -(-s.stop // GRID)) for s in seen)
        expected = labels[:, block.rows, block.columns][:, ::GRID, ::GRID]
        for found in (
            pseudo_labels_on_grid(labels[:, *seen], block),
            pseudo_labels_on_grid(cells[:, *coarse], block, step=GRID),
        ):
            np.testing.assert_array_equal(found, expected.reshape(3, -1).T)


def place(plane: TrainingPlane, block: PlaneBlock):
    return plane.key, block.rows.start, block.columns.start


def test_few_blocks_are_all_drawn_and_many_are_drawn_from_all_planes():
    small = [make_plane((96, 128), (0,)), make_plane((64, 64), (1,))]
    drawn = draw_blocks(small, RADIUS, np.random.default_rng(0))
    assert sorted(plane.key for plane, _ in drawn) == [(0,), (1,)]
    large = [make_plane((2048, 2048), (key,)) for key in range(3)]
    drawn = draw_blocks(large, RADIUS, np.random.default_rng(0))
    assert len(drawn) == MAX_BLOCKS
    assert len({place(*one) for one in drawn}) == MAX_BLOCKS
    assert {plane.key for plane, _ in drawn} == {(0,), (1,), (2,)}


def test_the_seed_decides_which_blocks_are_drawn():
    plane = make_plane((2048, 2048))
    drawn = [
        [place(*one) for one in draw_blocks([plane], RADIUS, np.random.default_rng(s))]
        for s in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_blocks_come_with_the_margin_that_a_probability_sees():
    plane = make_plane((2048, 2048))
    for _, block in draw_blocks([plane], RADIUS, np.random.default_rng(0)):
        assert block.seen_rows.start <= max(block.rows.start - RADIUS, 0)
        assert block.seen_columns.stop >= min(block.columns.stop + RADIUS, 2048)


def test_chosen_cells_are_given_as_pixels_of_the_block():
    block = block_of(64, 96)
    n_cells = 64 * 96 // GRID**2
    labels = np.full((n_cells, 2), 0.5, np.float32)
    chosen, rows, columns = choose_sure(labels, block, 50, np.random.default_rng(0))
    assert len(set(chosen)) == 50
    assert not (rows % GRID).any()
    assert not (columns % GRID).any()
    np.testing.assert_array_equal(chosen, rows // GRID * (96 // GRID) + columns // GRID)


def test_a_block_with_fewer_cells_gives_all_it_has():
    labels = np.full((16 * 16, 2), 0.5, np.float32)
    block = block_of(16 * GRID, 16 * GRID)
    chosen, *_ = choose_sure(labels, block, 10_000, np.random.default_rng(0))
    assert sorted(chosen) == list(range(256))


def chosen_cells(best, probability, n=200, n_draws=40):
    """Cells that are chosen in many draws, of two classes with these probabilities."""
    labels = np.full((len(best), 2), 0.0, np.float32)
    labels[np.arange(len(best)), best] = probability
    labels[np.arange(len(best)), 1 - best] = 1 - probability
    block = block_of(32 * GRID, 32 * GRID)
    rng = np.random.default_rng(0)
    chosen = [choose_sure(labels, block, n, rng)[0] for _ in range(n_draws)]
    return np.concatenate(chosen)


def test_sure_cells_are_chosen_more_often_than_uncertain_ones():
    best = np.arange(1024) % 2
    sure = np.arange(1024) < 512
    chosen = chosen_cells(best, np.where(sure, 1.0, 0.6))
    # By the squares of 1 and 0.6, but a little less as none is drawn twice.
    ratio = sure[chosen].sum() / (~sure[chosen]).sum()
    assert 2.2 < ratio < 1 / 0.6**2


def test_cells_of_a_rare_class_are_chosen_more_often_than_their_area_says():
    best = (np.arange(1024) < 64).astype(int)
    chosen = chosen_cells(best, np.full(1024, 0.9))
    share = best[chosen].mean()
    assert 64 / 1024 * 2 < share < 0.5


@pytest.mark.parametrize("shape", [(64, 96), (96, 64)])
def test_choosing_depends_on_the_seed_alone(shape):
    labels = np.random.default_rng(2).dirichlet([1, 1], shape[0] * shape[1] // GRID**2)
    block = block_of(*shape)
    one, same, other = (
        choose_sure(labels.astype(np.float32), block, 30, np.random.default_rng(s))[0]
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)

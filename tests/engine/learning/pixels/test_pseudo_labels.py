import numpy as np

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.inference.tiles import all_blocks
from napari_garage_unet.engine.learning.pixels.pseudo_labels import (
    pseudo_labels_on_grid,
)


def test_answers_of_cells_are_cut_like_those_of_pixels():
    stride, shape = 16, (96, 160)
    answers = np.random.default_rng(0).random((3, *shape), np.float32)
    cells = answers[:, ::GRID, ::GRID]
    blocks = list(all_blocks(shape, 20, stride=stride, side=48))
    assert any(block.seen_rows.start < block.rows.start for block in blocks)
    for block in blocks:
        seen = block.seen_rows, block.seen_columns
        coarse = tuple(slice(s.start // GRID, -(-s.stop // GRID)) for s in seen)
        expected = answers[:, block.rows, block.columns][:, ::GRID, ::GRID]
        for found in (
            pseudo_labels_on_grid(answers[:, *seen], block),
            pseudo_labels_on_grid(cells[:, *coarse], block, step=GRID),
        ):
            np.testing.assert_array_equal(found, expected.reshape(3, -1).T)

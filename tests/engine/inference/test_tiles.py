"""Blocks of planes: they cover what they should once, with their margins."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.inference.tiles import all_blocks, stroked_blocks


def test_all_labelled_pixels_are_seen_once():
    targets = np.zeros((600, 700), np.int32)
    targets[[5, 255, 256, 590], [3, 300, 511, 699]] = 1
    blocks = list(stroked_blocks(targets, 16))
    seen = np.zeros(targets.shape, int)
    for block in blocks:
        seen[block.rows, block.columns] += 1
        assert block.seen_rows.start <= max(block.rows.start - 16, 0)
        assert block.seen_columns.start % 16 == 0
    assert (seen[targets > 0] == 1).all()
    assert len(blocks) == 4


def test_blocks_cover_a_plane_once():
    seen = np.zeros((1040, 528), int)
    for block in all_blocks(seen.shape, 82):
        seen[block.rows, block.columns] += 1
        assert 0 <= block.seen_rows.start <= block.rows.start
        assert block.rows.stop <= block.seen_rows.stop <= 1040
    assert (seen == 1).all()

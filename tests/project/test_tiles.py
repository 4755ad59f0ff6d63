"""Strokes on disk, in tiles."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.project.tiles import (
    TILE_SIDE_PIXELS,
    read_tiles,
    tile_slices,
    tiles_of,
    write_tiles,
)


@pytest.mark.parametrize("shape", [(700, 1100), (3, 600, 40), (2, 2, 30, 520)])
def test_strokes_come_back_as_they_were(tmp_path, shape):
    rng = np.random.default_rng(0)
    strokes = rng.integers(0, 3, shape).astype(np.uint8)
    everything = tuple(slice(0, n) for n in shape)
    write_tiles(tmp_path / "s", strokes, tiles_of(everything))
    found, damaged = read_tiles(tmp_path / "s", shape, np.uint8)
    assert damaged == 0
    np.testing.assert_array_equal(found, strokes)


def test_large_ids_come_back(tmp_path):
    strokes = np.zeros((20, 20), np.int32)
    strokes[3, 4] = 70_000
    write_tiles(tmp_path / "s", strokes, [(0, 0)])
    found, _ = read_tiles(tmp_path / "s", (20, 20), np.int32)
    assert found[3, 4] == 70_000


def test_only_tiles_that_a_box_touches_are_named():
    box = (
        slice(TILE_SIDE_PIXELS - 1, TILE_SIDE_PIXELS + 1),
        slice(2 * TILE_SIDE_PIXELS, 2 * TILE_SIDE_PIXELS + 1),
    )
    assert set(tiles_of(box)) == {(0, 2), (1, 2)}
    assert set(tiles_of((slice(4, 6), slice(0, TILE_SIDE_PIXELS), slice(0, 1)))) == {
        (4, 0, 0),
        (5, 0, 0),
    }


def test_what_is_not_named_is_not_written_and_what_is_erased_goes(tmp_path):
    strokes = np.ones((TILE_SIDE_PIXELS, 2 * TILE_SIDE_PIXELS), np.uint8)
    write_tiles(tmp_path / "s", strokes, [(0, 1)])
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["0.1.tile"]
    strokes[tile_slices((0, 1))] = 0
    write_tiles(tmp_path / "s", strokes, [(0, 1)])
    assert list((tmp_path / "s").iterdir()) == []


def test_a_cut_off_tile_costs_only_itself(tmp_path):
    strokes = np.ones((TILE_SIDE_PIXELS, 2 * TILE_SIDE_PIXELS), np.uint8)
    write_tiles(tmp_path / "s", strokes, [(0, 0), (0, 1)])
    tile = tmp_path / "s" / "0.1.tile"
    tile.write_bytes(tile.read_bytes()[:-7])
    (tmp_path / "s" / "nonsense.tile").write_bytes(b"")
    (tmp_path / "s" / "9.9.tile").write_bytes((tmp_path / "s/0.0.tile").read_bytes())
    found, damaged = read_tiles(tmp_path / "s", strokes.shape, np.uint8)
    assert damaged == 3
    assert found[:, :TILE_SIDE_PIXELS].all()
    assert not found[:, TILE_SIDE_PIXELS:].any()

"""Strokes on disk, in tiles of which only the changed ones are written.

A tile is a file with up to 512 x 512 pixels of one plane; unpainted tiles have no file.
Tiles are written all or nothing, so that a crash leaves each one as it was last saved.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files.atomic import sync_folder

from .safe_files import read_array, write_array

TILE_SIDE_PIXELS = 512
"""Rows and columns of a tile; part of the format on disk."""

TILE_SUFFIX = ".tile"
"""Suffix of the file of a tile, after its position, such as ``4.0.1.tile``."""

Tile = tuple[int, ...]
"""Position along the leading axes, then row and column of the tile in its plane."""


def tiles_of(box: tuple[slice, ...]) -> Iterator[Tile]:
    """Iterate over the tiles that intersect a box.

    Parameters
    ----------
    box
        One slice with start and stop per axis of the strokes, in pixels; not empty.
    """
    *leading, rows, columns = box
    return itertools.product(
        *(range(part.start, part.stop) for part in leading),
        *(
            range(
                part.start // TILE_SIDE_PIXELS, (part.stop - 1) // TILE_SIDE_PIXELS + 1
            )
            for part in (rows, columns)
        ),
    )


def tile_slices(tile: Tile) -> tuple[int | slice, ...]:
    """Return the key of a tile in the array of strokes."""
    *leading, down, across = tile
    return (
        *leading,
        slice(down * TILE_SIDE_PIXELS, (down + 1) * TILE_SIDE_PIXELS),
        slice(across * TILE_SIDE_PIXELS, (across + 1) * TILE_SIDE_PIXELS),
    )


def write_tiles(folder: Path, strokes: NDArray[Any], tiles: Iterable[Tile]) -> None:
    """Write tiles, and remove the files of those without paint.

    Parameters
    ----------
    folder
        Folder of the tiles; created if it does not exist.
    strokes
        Integer class ids, 0 = unlabelled. The array may change during the call: the
        changed tiles are due to be written again.
    tiles
        Tiles to write.

    Raises
    ------
    OutputError
        If a tile cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        for tile in tiles:
            # A copy, because painting may change the pixels during compression.
            pixels = np.array(strokes[tile_slices(tile)])
            path = folder / _name(tile)
            if pixels.any():
                write_array(path, pixels)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error})."
        ) from error
    sync_folder(folder)


def read_tiles(
    folder: Path, shape: tuple[int, ...], dtype: Any
) -> tuple[NDArray[Any], int]:
    """Read strokes from their tiles.

    Parameters
    ----------
    folder
        Folder that `write_tiles` wrote to; it may be empty.
    shape, dtype
        Shape and integer dtype of the strokes.

    Returns
    -------
    strokes : ndarray
        Class ids, 0 = unlabelled.
    damaged : int
        Number of unreadable or refused tiles, whose pixels are unlabelled.
    """
    strokes = np.zeros(shape, dtype)
    damaged = 0
    for path in sorted(folder.glob(f"*{TILE_SUFFIX}")):
        try:
            tile = tuple(
                int(part) for part in path.name[: -len(TILE_SUFFIX)].split(".")
            )
            pixels = read_array(path)
            target = strokes[tile_slices(tile)]
            if target.shape != pixels.shape or not np.issubdtype(
                pixels.dtype, np.integer
            ):
                raise InputError(f"{path} has another shape than the image.")
        except (InputError, ValueError, IndexError):
            damaged += 1
            continue
        target[...] = pixels
    return strokes, damaged


def _name(tile: Tile) -> str:
    return ".".join(str(part) for part in tile) + TILE_SUFFIX

"""Strokes on disk, tile by tile: only what has changed is written.

A tile is a file of up to `SIDE` x `SIDE` pixels of one plane; what is unpainted has no
file. Each is written as a whole, so that after a crash at any moment every tile is as
it was at some time, and only the last ones may be older than the paint.
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
"""Rows and columns of a tile."""

TILE_SUFFIX = ".tile"

Tile = tuple[int, ...]
"""Position along the leading axes, then number of the tile down and across."""


def tiles_of(box: tuple[slice, ...]) -> Iterator[Tile]:
    """The tiles that a box touches.

    Parameters
    ----------
    box
        One slice with start and stop per axis of the strokes.
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
    """Where a tile lies in the strokes."""
    *leading, down, across = tile
    return (
        *leading,
        slice(down * TILE_SIDE_PIXELS, (down + 1) * TILE_SIDE_PIXELS),
        slice(across * TILE_SIDE_PIXELS, (across + 1) * TILE_SIDE_PIXELS),
    )


def write_tiles(folder: Path, strokes: NDArray[Any], tiles: Iterable[Tile]) -> None:
    """Write some tiles; one without paint is removed.

    Parameters
    ----------
    folder
        Made when it is not there.
    strokes
        Integer class ids; may be painted in meanwhile, tiles with newer paint are
        written again anyway.
    tiles
        Which.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        for tile in tiles:
            # One look at the pixels: what is compressed must not change meanwhile.
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
    """Read strokes.

    Parameters
    ----------
    folder
        Where `write_tiles` has put them.
    shape, dtype
        Of the strokes.

    Returns
    -------
    strokes : ndarray
        Class ids.
    damaged : int
        How many tiles could not be read; they are unlabelled.
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

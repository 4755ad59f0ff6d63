"""Bytes, JSON, arrays and copies of files, each written all or nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.atomic import write_whole

MAX_ARRAY_BYTES = 1 << 30
"""Size of an array that is read, so that a damaged file cannot fill the memory."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, all or nothing.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is kept.
    """
    write_whole(path, lambda target: _write(target, data))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def write_json(path: Path, values: Any) -> None:
    """Write JSON values, all or nothing.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is kept.
    """
    write_bytes(path, json.dumps(values, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        If the file is missing or does not hold a JSON object.
    """
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no description.")
    return values


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array, compressed with zlib and its checksum, all or nothing.

    Parameters
    ----------
    path
        File to write or to replace.
    array
        Array of any shape and dtype but object.

    Raises
    ------
    OutputError
        If the file cannot be written; an older one is kept.
    """
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    # Strokes are mostly zeros, for which the fastest level compresses enough.
    write_bytes(path, zlib.compress(buffer.getbuffer(), 1))


def read_array(path: Path) -> NDArray[Any]:
    """Read an array that `write_array` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or larger than `MAX_ARRAY_BYTES`.
    """
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(path.read_bytes(), MAX_ARRAY_BYTES)
        if not inflate.eof:
            raise ValueError("it is cut off")
        array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    return array


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, as a hard link where the disk allows it.

    A hard link serves as a copy because files are replaced and never modified.

    Raises
    ------
    InputError
        If the source cannot be read.
    OutputError
        If the target cannot be written.
    """
    if not source.is_file():
        raise InputError(f"{source} cannot be copied (No such file or directory).")
    write_whole(target, lambda temporary: _link_or_copy(source, temporary))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Some file systems have no hard links, and none link to another disk.
        shutil.copyfile(source, target)

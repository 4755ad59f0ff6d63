"""Files that are either the old ones or the new ones, never half of both."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import uuid
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError, OutputError

LARGEST_ARRAY = 1 << 30
"""Bytes an array may have when it is read; a damaged file must not fill the memory."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, all or nothing: beside it, to the disk, then renamed.

    Raises
    ------
    OutputError
        If it cannot be written; an older file of that name is kept.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            # What cannot be written can often not be removed either.
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error})."
        ) from error


def write_json(path: Path, values: Any) -> None:
    """Write JSON values, all or nothing; see `write_bytes`."""
    write_bytes(path, json.dumps(values, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no description.")
    return values


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array, compressed and with a checksum, all or nothing."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    # Strokes are mostly zeros: the fastest level makes them small enough.
    write_bytes(path, zlib.compress(buffer.getbuffer(), 1))


def read_array(path: Path) -> NDArray[Any]:
    """Read what `write_array` has written.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(path.read_bytes(), LARGEST_ARRAY)
        if not inflate.eof:
            raise ValueError("it is cut off")
        array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    return array


def copy_file(source: Path, target: Path) -> None:
    """Give a file a second name where the disk allows it, or copy it.

    Model files are never changed, only replaced, so a second name does as a copy.

    Raises
    ------
    InputError
        If the source is gone.
    """
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        try:
            os.link(source, temporary)
        except FileNotFoundError:
            raise
        except OSError:
            temporary.write_bytes(source.read_bytes())
        os.replace(temporary, target)
        # Nothing happens, not even to the first name, when both are one file.
        temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{source} cannot be copied ({error.strerror}).") from error


def sync_folder(path: Path) -> None:
    """See to it that renamed files keep their new names in a power cut."""
    if os.name == "nt":
        return  # Windows cannot open folders, and writes names by itself.
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

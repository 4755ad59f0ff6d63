"""Room on disks: asked for, or reserved, before anything is computed.

Writing to a memory-mapped file that has no room ends a process with a bus error, and a
disk that turns out to be full after hours of work loses them. Both are one sentence
beforehand.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from napari_garage_unet.engine.errors import OutputError

PIECE_BYTES = 1 << 20
"""Bytes that are written at a time where the system cannot reserve room."""

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

_CANNOT_RESERVE = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def size_text(nbytes: int) -> str:
    """Return a size in words, such as ``"1.2 GB"``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= size:
            number = nbytes / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{nbytes} bytes"


def check_room(folder: Path, nbytes: int, *, what: str, remedy: str = "") -> None:
    """Check that a folder has room.

    Parameters
    ----------
    folder
        A folder that exists.
    nbytes
        Bytes that are needed at least.
    what
        Subject of the message, with its verb: ``"The model needs"``.
    remedy
        What to do besides making room; to choose another folder by default.

    Raises
    ------
    OutputError
        If less is free; the message says how much is needed, where, and what is free.
    """
    free = shutil.disk_usage(folder).free
    if free < nbytes:
        raise lack_of_room(folder, nbytes, what=what, remedy=remedy)


def try_room(folder: Path, nbytes: int, *, what: str) -> None:
    """Check that a file can be written to a folder, by reserving its room for a moment.

    Unlike `check_room` it notices quotas and disks that may not be written to.

    Parameters
    ----------
    folder, nbytes, what
        See `check_room`.

    Raises
    ------
    OutputError
        If it cannot.
    """
    check_room(folder, nbytes, what=what)
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".garage-") as file:
            reserve(file, 0, nbytes)
    except OSError as error:
        if is_lack_of_room(error):
            raise lack_of_room(folder, nbytes, what=what) from error
        raise OutputError(
            f"Nothing can be written to {folder} ({error.strerror or error}); "
            "choose another folder."
        ) from error


def reserve(file: BinaryIO, offset: int, nbytes: int) -> None:
    """Reserve the room of a part of a file, so that writing it cannot fail.

    Parameters
    ----------
    file
        Open for writing; grows if it is shorter.
    offset, nbytes
        The part, which has not been written yet.

    Raises
    ------
    OSError
        If there is not enough room.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), offset, nbytes)
        except OSError as error:
            if error.errno not in _CANNOT_RESERVE:
                raise
        else:
            return
    file.seek(offset)
    for start in range(0, nbytes, PIECE_BYTES):
        file.write(bytes(min(PIECE_BYTES, nbytes - start)))
    file.flush()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a temporary folder, and blame it where the temporary disk is full.

    Yields
    ------
    Path
        The folder, which is deleted in the end.

    Raises
    ------
    OutputError
        If it cannot be made, or an error of the system is about a full disk or a file
        in it.
    """
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                yield folder
            except OSError as error:
                named = str(error.filename or "").startswith(name)
                # Errors of writing do not name a file.
                is_full = is_lack_of_room(error) and not _has_room(folder)
                if isinstance(error, OutputError) or not (named or is_full):
                    raise
                raise _temporary_error(folder.parent, error) from error
    except FileNotFoundError as error:
        raise _temporary_error(None, error) from error


def _has_room(folder: Path) -> bool:
    return shutil.disk_usage(folder).free > PIECE_BYTES


def _temporary_error(folder: Path | None, error: OSError) -> OutputError:
    where = "" if folder is None else f" {folder}"
    return OutputError(
        f"The temporary folder{where} cannot be used ({error.strerror or error}); make "
        "room there or set TMPDIR to a folder with more room."
    )


def is_lack_of_room(error: OSError) -> bool:
    """Whether an error of the system says that a disk is full."""
    # Windows: ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
    return error.errno in _NO_ROOM or getattr(error, "winerror", None) in (39, 112)


def lack_of_room(
    folder: Path, nbytes: int, *, what: str, remedy: str = ""
) -> OutputError:
    """Return the error that says how much room is needed, and how much is free.

    Parameters
    ----------
    folder, nbytes, what, remedy
        See `check_room`.
    """
    free = shutil.disk_usage(folder).free
    return OutputError(
        f"{what} {size_text(nbytes)} of room in {folder}, where {size_text(free)} are "
        f"free; make room there or {remedy or 'choose another folder'}."
    )

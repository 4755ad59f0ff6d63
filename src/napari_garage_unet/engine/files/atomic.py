"""Atomic writing: files and folders are replaced as a whole or not at all.

Results, models, projects and exports are written by `write_whole`: to a temporary name
beside the target, then flushed to the disk, and only then renamed. After a crash or a
power cut a name stands for the old contents or the new ones, never for half of either.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from napari_garage_unet.engine.errors import OutputError

from .zarr import is_zarr

logger = logging.getLogger(__name__)

MAX_REMOVAL_TRIES = 10
"""Attempts to remove an unfinished file or folder."""

REMOVAL_PAUSE_SECONDS = 0.1
"""Time between two attempts."""


def write_whole(
    path: str | Path, write: Callable[[Path], None], *, what: str = ""
) -> None:
    """Write a file or a folder, all or nothing.

    Parameters
    ----------
    path
        File or OME-Zarr folder to write. An existing file is replaced, and so is a
        folder that is empty or an OME-Zarr folder. A symbolic link stays and its target
        is replaced. A device or a pipe, such as ``/dev/stdout``, is written to
        directly.
    write
        Function that writes the contents, a file or a folder, to the path it is given:
        a new hidden name in the same folder, without the suffix of `path`. Permissions
        are those of any new file of the process (its umask).
    what
        Subject of error messages, such as ``"The model"``; the path by default.

    Raises
    ------
    OutputError
        If the target cannot be written. Errors of `write` other than `OSError` pass
        through. In both cases the old contents stay and the new ones are removed.

    Notes
    -----
    A file is replaced in one step. A folder takes two, between which the name is free
    for a moment, because no operating system replaces a folder that is not empty.
    """
    path = Path(path)
    subject = f"{path} cannot be written"
    if what:
        subject = f"{what} cannot be written to {path}"
    if _is_stream(path):
        _write_stream(path, write, subject)
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise OutputError(
            f"{subject} because {path.parent} is not a folder; "
            "choose a folder that exists."
        )
    if target.is_dir() and any(target.iterdir()) and not is_zarr(target):
        raise OutputError(
            f"{path} is a folder with other things in it; choose another name."
        )
    temporary = _beside(target)
    try:
        write(temporary)
        _sync(temporary)
        if temporary.is_dir() and target.exists():
            _exchange(temporary, target)
        else:
            os.replace(temporary, target)
    except OutputError:
        raise
    except OSError as error:
        raise _cannot_write(subject, error) from error
    finally:
        _remove(temporary)


def sync_folder(path: Path) -> None:
    """Flush the entries of a folder to the disk, so that they survive a power cut.

    `write_whole` does not flush them: after a power cut the old contents may be back.
    """
    if os.name == "nt":
        return  # Windows cannot open folders, and flushes entries by itself.
    with contextlib.suppress(OSError):
        _sync_one(path, os.O_RDONLY)


def _is_stream(path: Path) -> bool:
    """Whether a path is a device or a pipe, which cannot be replaced."""
    is_plain = path.is_file() or path.is_dir()
    # A redirected /dev/stdout is a file, but must not be replaced by another one.
    return path.exists() and (path.parent == Path("/dev") or not is_plain)


def _write_stream(path: Path, write: Callable[[Path], None], subject: str) -> None:
    try:
        write(path)
    except OutputError:
        raise
    except OSError as error:
        raise _cannot_write(subject, error) from error


def _cannot_write(subject: str, error: OSError) -> OutputError:
    return OutputError(
        f"{subject} ({error.strerror or error}); "
        "choose a folder with space that you may write to."
    )


def _sync(path: Path) -> None:
    """Flush the contents of a file, or of all files in a folder, to the disk."""
    if not path.is_dir():
        # Windows flushes only files that are open for writing.
        _sync_one(path, os.O_RDWR)
        return
    for parent, _, names in os.walk(path):
        for name in names:
            _sync_one(Path(parent, name), os.O_RDWR)
        sync_folder(Path(parent))


def _sync_one(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(new: Path, target: Path) -> None:
    """Replace a file or a folder by a folder, in two renames."""
    old = _beside(target)
    os.replace(target, old)
    try:
        os.replace(new, target)
    except OSError:
        os.replace(old, target)
        raise
    _remove(old)


def _beside(path: Path) -> Path:
    """Return a new hidden path in the same folder."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _remove(path: Path) -> None:
    """Remove a file or a folder if it exists; log a warning if it cannot be removed."""
    for tries_left in reversed(range(MAX_REMOVAL_TRIES)):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            # After a failed chunk, zarr may still be writing others in its threads.
            if tries_left:
                time.sleep(REMOVAL_PAUSE_SECONDS)
            else:
                # A leftover must not hide whether the writing itself succeeded.
                logger.warning("%s cannot be removed: %s", path, error)
        else:
            return

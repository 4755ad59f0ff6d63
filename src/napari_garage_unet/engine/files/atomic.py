"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from napari_garage_unet.engine.errors import OutputError

from .zarr import is_zarr

REMOVALS = 10
"""How often removing what was begun is tried."""


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write next to the target, then put the finished file in its place."""
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written because {path.parent} is not a folder; "
            "choose a folder that exists."
        )
    if path.is_dir() and any(path.iterdir()) and not is_zarr(path):
        raise OutputError(
            f"{path} is a folder with other things in it; choose another name."
        )
    temporary = _beside(path)
    try:
        write(temporary)
        if temporary.is_dir() and path.exists():
            _exchange(temporary, path)
        else:
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}); "
            "choose a folder with space that you may write to."
        ) from error
    finally:
        _remove(temporary)


def _exchange(new: Path, path: Path) -> None:
    """Replace by a folder, which the system cannot do in one go."""
    old = _beside(path)
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(old, path)
        raise
    _remove(old)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _remove(path: Path) -> None:
    for tries_left in reversed(range(REMOVALS)):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError:
            # When a chunk cannot be written, zarr is still writing others.
            if not tries_left:
                raise
            time.sleep(0.1)
        else:
            return

"""Lock on a folder; the operating system releases it when the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

LOCK_NAME = "lock"
"""Name of the empty file in the folder that carries the lock."""


class FolderLock:
    """Exclusive lock on a folder, held until `release` or the end of the process.

    Parameters
    ----------
    folder
        An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; return False if it is taken or the folder does not exist."""
        if self._handle is not None:
            return True
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Release the lock if it is held."""
        if self._handle is not None:
            # Closing the file releases the lock.
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        # flock belongs to the open file, so it separates viewers of one process too.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

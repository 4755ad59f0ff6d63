"""A lock on a folder that goes with the process that holds it, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

LOCK_NAME = "lock"
"""Name of the file that is locked; it says whose it is."""


class FolderLock:
    """Held until `release`, or until the process is gone.

    Parameters
    ----------
    folder
        An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when somebody has it, or the folder is gone."""
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
        """Give the lock back."""
        if self._handle is not None:
            # Closing the file is what lets go of the lock.
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
        # Per open file, so that two viewers of one process exclude each other, too.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Shared memory segments: made, found, unmapped and removed without a leak."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator
from math import prod
from multiprocessing import resource_tracker, shared_memory
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import EngineError

logger = logging.getLogger(__name__)

PREFIX = "garage_"
"""What the name of each segment begins with. macOS allows 30 letters in all."""

PAGE = 4096
"""Segments are as long as a multiple of this many bytes."""

_NO_SPACE = (errno.ENOSPC, errno.ENOMEM, errno.EFBIG, errno.EINVAL)
_lock = threading.Lock()
_unmap_lock = threading.RLock()  # The collector may call while it is held.
_lingering: list[shared_memory.SharedMemory] = []


def remove_leftovers(names: Iterable[str]) -> None:
    """Remove segments whose owner is gone. Those already removed are no error."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            memory = attach(name)
            with _untracked():
                memory.unlink()
            unmap(memory)


def view(
    memory: shared_memory.SharedMemory, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """See a segment as an array of this shape.

    Raises
    ------
    EngineError
        If the segment was unmapped.
    """
    if memory.buf is None:
        raise EngineError("The shared memory of this array was given back already.")
    # frombuffer keeps the memory from being unmapped while somebody has a view;
    # np.ndarray(buffer=...) does not, and reading it afterwards ends the process.
    flat: NDArray[Any] = np.frombuffer(memory.buf, dtype, count=prod(shape))
    return flat.reshape(shape)


def create(nbytes: int) -> shared_memory.SharedMemory:
    """Make a segment of at least so many bytes, all of them there to be written.

    Raises
    ------
    EngineError
        If there is not enough shared memory.
    """
    size = -(-max(nbytes, 1) // PAGE) * PAGE
    try:
        memory = shared_memory.SharedMemory(
            PREFIX + secrets.token_hex(8), create=True, size=size
        )
        try:
            _reserve(memory)
        except OSError:
            memory.close()
            memory.unlink()
            raise
    except (OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_SPACE:
            raise
        raise EngineError(
            f"There is no room for {size / 1e6:.0f} MB of shared memory; use a smaller "
            "image, close other programs, or, in a container, give it more with "
            "--shm-size."
        ) from error
    return memory


def _reserve(memory: shared_memory.SharedMemory) -> None:
    """Take the pages now: where there are none, writing would kill the process."""
    path = f"/dev/shm/{memory.name}"
    if sys.platform != "linux" or not os.path.exists(path):
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, memory.size)
    finally:
        os.close(descriptor)


def attach(segment: str) -> shared_memory.SharedMemory:
    """Open a segment that another process owns.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    """
    # Only an owner may be registered with the resource tracker: it removes, when the
    # process ends, everything that was registered. Python 3.13 has an argument for it.
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(segment, track=False)
    with _untracked():
        return shared_memory.SharedMemory(segment)


@contextlib.contextmanager
def _untracked() -> Iterator[None]:
    """Keep the resource tracker out of it, where it cannot be told to stay out."""
    if sys.version_info >= (3, 13):
        yield
        return
    with (
        _lock,
        mock.patch.object(resource_tracker, "register"),
        mock.patch.object(resource_tracker, "unregister"),
    ):
        yield


def remove(memory: shared_memory.SharedMemory, owner: int) -> None:
    """Remove a segment that the process numbered `owner` has made."""
    if os.getpid() != owner:  # A forked copy of the owner must not take it away.
        return
    try:
        memory.unlink()
    except FileNotFoundError:
        logger.warning("The shared memory %s was removed by others.", memory.name)
        resource_tracker.unregister(f"/{memory.name}", "shared_memory")
    unmap(memory)


def unmap(memory: shared_memory.SharedMemory) -> None:
    """Unmap a segment now, or later when a view of it is still in use."""
    with _unmap_lock:
        candidates = [*_lingering, memory]
        _lingering.clear()
        for candidate in candidates:
            try:
                candidate.close()
            except BufferError:
                _lingering.append(candidate)

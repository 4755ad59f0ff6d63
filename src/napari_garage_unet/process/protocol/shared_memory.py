"""Shared memory segments: created, attached, unmapped and removed without a leak.

`SharedMemory` of the standard library, with three additions: the pages of a new segment
are reserved, so that a full memory is an error and not a crash; an attached segment is
not registered with Python's resource tracker, which would remove it when this process
ends; and a segment with a view still in use is unmapped once that view is gone.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from math import prod
from multiprocessing import resource_tracker, shared_memory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import EngineError

logger = logging.getLogger(__name__)

NAME_PREFIX = "garage_"
"""Start of each segment's name. macOS allows 30 characters for the whole name."""

PAGE_BYTES = 4096
"""The size of a segment is a multiple of this."""

_NO_SPACE = (errno.ENOSPC, errno.ENOMEM, errno.EFBIG, errno.EINVAL)
_tracker_lock = threading.Lock()
# Reentrant: the garbage collector may call `unmap` in a thread that holds the lock.
_unmap_lock = threading.RLock()
_still_viewed: list[shared_memory.SharedMemory] = []


def create(nbytes: int) -> shared_memory.SharedMemory:
    """Create a segment, owned by this process, with all of its pages reserved.

    Parameters
    ----------
    nbytes
        Size in bytes; rounded up to whole pages, and to one page at least.

    Raises
    ------
    EngineError
        If there is not enough shared memory.
    """
    size = -(-max(nbytes, 1) // PAGE_BYTES) * PAGE_BYTES
    try:
        memory = shared_memory.SharedMemory(
            NAME_PREFIX + secrets.token_hex(8), create=True, size=size
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


def attach(name: str) -> shared_memory.SharedMemory:
    """Open a segment that another process owns.

    Parameters
    ----------
    name
        Name of the segment.

    Raises
    ------
    FileNotFoundError
        If there is no such segment.
    """
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    with _untracked():
        return shared_memory.SharedMemory(name)


def view(
    memory: shared_memory.SharedMemory, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """View the start of a segment as an array.

    Parameters
    ----------
    memory
        A mapped segment, at least as large as the array.
    shape, dtype
        Of the array.

    Raises
    ------
    EngineError
        If the segment has been unmapped.
    """
    if memory.buf is None:
        raise EngineError("The shared memory of this array was given back already.")
    # An array of np.frombuffer exports the buffer, so that the memory cannot be
    # unmapped under it. One of np.ndarray(buffer=...) does not: reading it after that
    # would end the process.
    flat: NDArray[Any] = np.frombuffer(memory.buf, dtype, count=prod(shape))
    return flat.reshape(shape)


def unmap(memory: shared_memory.SharedMemory) -> None:
    """Unmap a segment, or, while a view of it is in use, at a later call."""
    with _unmap_lock:
        candidates = [*_still_viewed, memory]
        _still_viewed.clear()
        for candidate in candidates:
            try:
                candidate.close()
            except BufferError:
                _still_viewed.append(candidate)


def remove(memory: shared_memory.SharedMemory, owner: int) -> None:
    """Remove a segment and unmap it; does nothing in a forked copy of its owner.

    Parameters
    ----------
    memory
        The segment.
    owner
        Id of the process that has created it.
    """
    if os.getpid() != owner:
        return
    try:
        memory.unlink()
    except FileNotFoundError:
        logger.warning("The shared memory %s was removed by others.", memory.name)
        resource_tracker.unregister(f"/{memory.name}", "shared_memory")
    unmap(memory)


def remove_leftovers(names: Iterable[str]) -> None:
    """Remove segments whose owner has died; those that are gone already are skipped."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            memory = attach(name)
            with _untracked():
                memory.unlink()
            unmap(memory)


def _reserve(memory: shared_memory.SharedMemory) -> None:
    """Allocate the pages: writing to a page that cannot be had kills the process."""
    path = f"/dev/shm/{memory.name}"
    if sys.platform != "linux" or not os.path.exists(path):
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, memory.size)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _untracked() -> Iterator[None]:
    """Hide what this thread attaches and removes from Python's resource tracker.

    Before Python 3.13, which has the argument ``track``, `SharedMemory` registers what
    it attaches like what it creates, by functions it looks up in the tracker's module.
    """
    if sys.version_info >= (3, 13):
        yield
        return
    with _tracker_lock:
        register, unregister = resource_tracker.register, resource_tracker.unregister
        resource_tracker.register = _except_in_this_thread(register)
        resource_tracker.unregister = _except_in_this_thread(unregister)
        try:
            yield
        finally:
            resource_tracker.register = register
            resource_tracker.unregister = unregister


def _except_in_this_thread(
    function: Callable[..., None],
) -> Callable[..., None]:
    """Wrap a function so that it does nothing in the thread that calls this."""
    thread = threading.get_ident()

    def call(name: str, rtype: str) -> None:
        if threading.get_ident() != thread:
            function(name, rtype)

    return call

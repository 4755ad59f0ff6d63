"""Arrays in shared memory.

The viewer *owns* every segment: it creates, reuses and removes them. The engine
process only *attaches* to them. Three mechanisms remove them when the viewer ends: the
owner's finalizers; Python's resource tracker, a separate process that removes the
segments of a killed viewer; and the engine, which removes those it knows once the
viewer is gone, in case the tracker was killed with it.
"""

from __future__ import annotations

import os
import weakref
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_garage_unet.engine.errors import EngineError, InputError

from . import shared_memory
from .messages import SharedArray


class SharedBlock:
    """An array in a shared memory segment that this process owns.

    Parameters
    ----------
    shape
        Shape of the array.
    dtype
        Any dtype without Python objects.

    Raises
    ------
    InputError
        If the dtype cannot be shared.
    EngineError
        If there is not enough shared memory.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._shape, self._dtype = tuple(shape), np.dtype(dtype)
        if self._dtype.hasobject:
            raise InputError(
                f"An array of type {self._dtype} cannot be given to the engine; "
                "whole numbers, floats or bool are needed."
            )
        self._memory = shared_memory.create(self.nbytes)
        self._finalizer = weakref.finalize(
            self, shared_memory.remove, self._memory, os.getpid()
        )

    @classmethod
    def copy_of(cls, array: NDArray[Any]) -> SharedBlock:
        """Create a block with a copy of an array."""
        block = cls(array.shape, array.dtype)
        np.copyto(block.array, array)
        return block

    @property
    def nbytes(self) -> int:
        """Size of the array in bytes."""
        return prod(self._shape) * self._dtype.itemsize

    @property
    def capacity(self) -> int:
        """Size of the segment in bytes."""
        return self._memory.size

    @property
    def array(self) -> NDArray[Any]:
        """A new view of the array, valid as long as the block."""
        return shared_memory.view(self._memory, self._shape, self._dtype)

    @property
    def description(self) -> SharedArray:
        """Message by which the other process finds the array."""
        return SharedArray(self._memory.name, self._shape, self._dtype.str)

    def reuse(self, shape: tuple[int, ...], dtype: DTypeLike) -> bool:
        """Change shape and dtype if they fit; the contents are undefined then.

        Returns
        -------
        bool
            Whether they fit and fill at least half of the segment.
        """
        dtype = np.dtype(dtype)
        needed = prod(shape) * dtype.itemsize
        if dtype.hasobject or not needed <= self.capacity <= max(
            2 * needed, shared_memory.PAGE_BYTES
        ):
            return False
        self._shape, self._dtype = tuple(shape), dtype
        return True

    def close(self) -> None:
        """Remove the segment; a second call has no effect."""
        self._finalizer()

    def __enter__(self) -> SharedBlock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BlockPool:
    """Blocks that are used again, which saves mapping memory for each array.

    Parameters
    ----------
    max_free
        Upper bound of the number of unused blocks.
    max_free_bytes
        Upper bound of their size together.
    """

    def __init__(self, *, max_free: int = 4, max_free_bytes: int = 2**28) -> None:
        self._max_free, self._max_free_bytes = max_free, max_free_bytes
        self._free: list[SharedBlock] = []

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> SharedBlock:
        """Return a block of this shape and dtype; its contents are undefined."""
        for block in self._free:
            if block.reuse(shape, dtype):
                self._free.remove(block)
                return block
        return SharedBlock(shape, dtype)

    def give_back(self, block: SharedBlock) -> None:
        """Give back a block that neither process uses any more."""
        self._free.insert(0, block)
        while (
            len(self._free) > self._max_free
            or sum(free.capacity for free in self._free) > self._max_free_bytes
        ):
            self._free.pop().close()

    def close(self) -> None:
        """Remove all unused blocks."""
        for block in self._free:
            block.close()
        self._free.clear()


class AttachedBlock:
    """An array in shared memory that another process owns.

    Parameters
    ----------
    description
        The message that describes it.
    writable
        Whether `array` can be written to.

    Raises
    ------
    EngineError
        If the segment was removed or is smaller than described.
    """

    def __init__(self, description: SharedArray, *, writable: bool = False) -> None:
        self._description, self._writable = description, writable
        try:
            self._memory = shared_memory.attach(description.segment)
        except FileNotFoundError as error:
            raise EngineError(
                "An array of the viewer is no longer there; do it again."
            ) from error
        self._finalizer = weakref.finalize(self, shared_memory.unmap, self._memory)
        needed = prod(description.shape) * np.dtype(description.dtype).itemsize
        if self._memory.size < needed:
            size = self._memory.size
            self.close()
            raise EngineError(
                f"An array of shape {description.shape} does not fit into its "
                f"{size} bytes of shared memory."
            )

    @property
    def array(self) -> NDArray[Any]:
        """A view of the array."""
        shape, dtype = self._description.shape, np.dtype(self._description.dtype)
        array = shared_memory.view(self._memory, shape, dtype)
        array.flags.writeable = self._writable
        return array

    def close(self) -> None:
        """Unmap the segment as soon as no view of it is in use."""
        self._finalizer()

    def __enter__(self) -> AttachedBlock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

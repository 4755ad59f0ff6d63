"""Arrays in Zarr folders, with errors and gaps that are named."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError

MAX_COUNTED_BLOCKS = 20_000
"""Blocks up to which it is looked whether all are stored."""


class StoredArray:
    """An array on disk that is read by slices, as `ArrayLike`.

    Parameters
    ----------
    array
        Open `zarr.Array`.
    path
        Folder that a person has named, for error messages.
    """

    def __init__(self, array: Any, path: Path) -> None:
        self._array = array
        self._path = path

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(int(n) for n in self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._array.dtype)
        return dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Length of a block along each axis."""
        return tuple(int(n) for n in self._array.chunks)

    def __getitem__(self, key: Any, /) -> Any:
        """Read a part.

        Raises
        ------
        InputError
            If a block is damaged; the message names it.
        """
        try:
            return self._array[key]
        except (InputError, MemoryError, IndexError):
            raise
        except Exception as error:
            # Decoders raise errors of any type.
            raise InputError(self._why(key, error)) from error

    def missing_blocks(self) -> str:
        """Say how many blocks are not stored.

        Returns
        -------
        str
            End of a sentence that begins with the name of the file; empty where all are
            there, and where it would take long to look.

        Raises
        ------
        InputError
            If a block is cut off. Blosc reads beyond the end of blocks that do not
            compress, so that reading them does not fail.
        """
        block = getattr(self._array, "shards", None) or self._array.chunks
        n_blocks = 1
        for n, side in zip(self.shape, block, strict=True):
            n_blocks *= -(-n // side)
        folder = self._folder()
        if n_blocks > MAX_COUNTED_BLOCKS or not folder.is_dir():
            return ""
        stored = [
            Path(parent, name)
            for parent, _, names in os.walk(folder)
            for name in names
            if not name.startswith((".", "zarr.json"))
        ]
        if self._is_blosc():
            for file in stored:
                if _is_cut(file):
                    where = file.relative_to(folder).as_posix()
                    raise InputError(self._damage(f"block {where}", "it is cut off"))
        if len(stored) >= n_blocks:
            return ""
        fill = self._array.fill_value
        return (
            f"has {len(stored)} of {n_blocks} blocks; the others are read as {fill}, "
            "and an interrupted copy looks like that, too"
        )

    def _is_blosc(self) -> bool:
        """Whether each block is a file of Blosc."""
        codecs = list(getattr(self._array, "compressors", None) or ())
        is_single = getattr(self._array, "shards", None) is None and bool(codecs)
        return is_single and "blosc" in type(codecs[-1]).__name__.lower()

    def _folder(self) -> Path:
        return Path(str(self._array.store.root), str(self._array.path))

    def _why(self, key: Any, error: Exception) -> str:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        where = next(
            (f"block {'/'.join(map(str, at))}" for at in self._damaged(key)), "a block"
        )
        return self._damage(where, reason.rstrip("."))

    def _damage(self, where: str, reason: str) -> str:
        return (
            f"{self._path} is damaged: {where} of '{self._array.path or '/'}' cannot "
            f"be read ({reason}); copy it again from where it comes from."
        )

    def _damaged(self, key: Any) -> Iterator[tuple[int, ...]]:
        """Yield the places of unreadable blocks in a part, in units of blocks."""
        parts = key if isinstance(key, tuple) else (key,)
        if any(part is Ellipsis for part in parts):
            parts = ()
        spans = []
        for i, (n, side) in enumerate(zip(self.shape, self.chunks, strict=True)):
            part = parts[i] if i < len(parts) else slice(None)
            if isinstance(part, slice):
                start, stop, _ = part.indices(n)
                spans.append(range(start // side, -(-max(stop, start + 1) // side)))
            else:
                at = int(part) % n
                spans.append(range(at // side, at // side + 1))
        place: tuple[int, ...]
        for place in itertools.product(*spans):
            box = tuple(
                slice(i * side, (i + 1) * side)
                for i, side in zip(place, self.chunks, strict=True)
            )
            try:
                self._array[box]
            except Exception:  # noqa: BLE001 - that it cannot be read is the answer
                yield place


def _is_cut(file: Path) -> bool:
    """Whether a file of Blosc is shorter than its header says."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(16)
    return len(head) < 16 or size < int.from_bytes(head[12:16], "little")

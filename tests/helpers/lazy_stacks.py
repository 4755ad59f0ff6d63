"""Stacks that are made plane by plane and note which planes were made."""

from __future__ import annotations

import itertools
import time
from collections.abc import Collection
from typing import Any

import dask.array as da
import numpy as np

_numbers = itertools.count(1)


class LazyStack:
    """A Dask stack with a dark left and a bright right half in each plane.

    Attributes
    ----------
    made
        Positions of the planes that were made.
    seconds
        How long it takes to make a plane.
    array
        The stack, one chunk for each plane.
    """

    def __init__(
        self,
        n_planes: int,
        *,
        shape: tuple[int, int] = (40, 60),
        broken: Collection[int] = (),
        seconds: float = 0.0,
    ) -> None:
        self.made: set[int] = set()
        self.broken = set(broken)
        self.seconds = seconds
        self._shape = shape
        chunks = ((1,) * n_planes, (shape[0],), (shape[1],))
        # A name of its own, because napari keeps blocks in a cache by their names.
        name = f"lazy-stack-{next(_numbers)}"
        self.array = da.map_blocks(
            self._make,
            name=name,
            chunks=chunks,
            dtype=np.uint8,
            meta=np.empty((0, 0, 0), np.uint8),
        )

    def _make(self, block_info: Any = None) -> Any:
        z = int(block_info[None]["chunk-location"][0])
        self.made.add(z)
        time.sleep(self.seconds)
        if z in self.broken:
            raise OSError(f"chunk {z}.0.0 is missing")
        plane = np.full((1, *self._shape), 20, np.uint8)
        plane[..., self._shape[1] // 2 :] = 220
        return plane

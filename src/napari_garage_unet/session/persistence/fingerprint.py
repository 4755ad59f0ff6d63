"""Fingerprints of images: hashes of their pixels, or of a sample of many pixels."""

from __future__ import annotations

import hashlib
import itertools
import logging
import weakref
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from numpy.typing import NDArray

from napari_garage_unet.engine.images.computing import as_array
from napari_garage_unet.layers.axes import full_resolution
from napari_garage_unet.session.background import Worker

logger = logging.getLogger(__name__)

VERSION_PREFIX = "2:"
"""Begins the fingerprints of this version; those of version 1 have none."""

MAX_HASHED_BYTES = 2**26
"""Bytes of an array in memory that are hashed; of a larger one rows are left out."""

FINGERPRINT_SEPARATOR = "+"
"""Stands between the fingerprints of the channels of an image."""

LAZY_BLOCK_SIDE_PIXELS = 128
"""Rows and columns of a block of a lazy array that is hashed."""

LAZY_PLACES = ((0.5, 0.5), (0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8))
"""Where the blocks of a lazy plane lie, as shares of its height and width."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a picture is recognised by.

    Parameters
    ----------
    text
        Hash of this version.
    earlier
        Hash of version 1, by which projects saved before are recognised.
    """

    text: str
    earlier: str

    @classmethod
    def of(cls, array: Any, *, rgb: bool = False) -> Fingerprint:
        """Compute both hashes of an image, see `fingerprint`."""
        return cls(fingerprint(array, rgb=rgb), earlier_fingerprint(array, rgb=rgb))


def fingerprint(array: Any, *, rgb: bool = False) -> str:
    """Return a hash of shape, type and pixels of an image.

    Parameters
    ----------
    array
        ``(..., y, x)`` or with `rgb` ``(..., y, x, c)``. Of an array in memory
        `MAX_HASHED_BYTES` are hashed, spread over all its rows. Of a lazy array only
        the middle plane is looked at, in blocks at `LAZY_PLACES`, because everything
        else would have to be computed or read: two lazy stacks that differ elsewhere
        have the same fingerprint.
    rgb
        Whether the last axis holds colours.

    Returns
    -------
    str
        `VERSION_PREFIX` and 32 hexadecimal digits.
    """
    shape = tuple(int(n) for n in array.shape)
    digest = hashlib.sha256(repr((shape, str(array.dtype), rgb)).encode())
    in_memory = isinstance(array, np.ndarray)
    parts = _rows(array, rgb) if in_memory else _lazy_blocks(array, rgb)
    for part in parts:
        digest.update(np.ascontiguousarray(as_array(part)).data)
    return VERSION_PREFIX + digest.hexdigest()[:32]


def _rows(array: NDArray[Any], rgb: bool) -> Iterator[NDArray[Any]]:
    """Iterate over rows of all planes: all of them, or each n-th."""
    n_planar = 3 if rgb else 2
    step = max(-(-array.nbytes // MAX_HASHED_BYTES), 1)
    for number, plane in enumerate(np.ndindex(array.shape[:-n_planar])):
        yield array[plane][number % step :: step]


def _lazy_blocks(array: Any, rgb: bool) -> Iterator[Any]:
    """Iterate over blocks of the middle plane."""
    n_planar = 3 if rgb else 2
    leading, sides = array.shape[:-n_planar], array.shape[-n_planar:][:2]
    # The one that napari shows when it opens a stack, so it has been made before.
    plane = tuple((int(n) - 1) // 2 for n in leading)
    for place in LAZY_PLACES:
        corner = [
            max(min(int(n * share) - LAZY_BLOCK_SIDE_PIXELS // 2, n), 0)
            for n, share in zip(sides, place, strict=True)
        ]
        yield array[(*plane, *(slice(i, i + LAZY_BLOCK_SIDE_PIXELS) for i in corner))]


# -- version 1 ------------------------------------------------------------------------

EARLIER_BLOCK_SIDE_PIXELS = 24
EARLIER_BLOCKS_PER_AXIS = 5
EARLIER_PLANES_PER_AXIS = 3
"""Version 1: blocks along y and along x, and planes along each axis in front."""


def earlier_fingerprint(array: Any, *, rgb: bool = False) -> str:
    """Return the hash of version 1: some small blocks; of a lazy array a single one.

    Sparse pictures share it easily, which is why it is not written any more.

    Parameters
    ----------
    array, rgb
        As for `fingerprint`.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    shape = tuple(int(n) for n in array.shape)
    digest = hashlib.sha256(repr((shape, str(array.dtype), rgb)).encode())
    lazy = not isinstance(array, np.ndarray)
    n_planar = 3 if rgb else 2
    leading, (height, width) = shape[:-n_planar], shape[-n_planar:][:2]
    planes = itertools.product(
        *(_spread(n, 1 if lazy else EARLIER_PLANES_PER_AXIS, 1) for n in leading)
    )
    blocks = 1 if lazy else EARLIER_BLOCKS_PER_AXIS
    side = EARLIER_BLOCK_SIDE_PIXELS
    for plane in planes:
        for y, x in itertools.product(
            _spread(height, blocks, side), _spread(width, blocks, side)
        ):
            block = array[(*plane, slice(y, y + side), slice(x, x + side))]
            digest.update(np.ascontiguousarray(as_array(block)).tobytes())
    return digest.hexdigest()[:32]


def _spread(length: int, number: int, size: int) -> list[int]:
    """Return the starts of `number` blocks from end to end, or of one in the middle."""
    last = max(length - size, 0)
    if number == 1:
        return [last // 2]
    return sorted({round(last * i / (number - 1)) for i in range(number)})


class Fingerprints:
    """Fingerprints of image layers, computed once in a thread."""

    def __init__(self) -> None:
        self._worker = Worker("garage-look")
        self._known: weakref.WeakKeyDictionary[
            ImageLayer, tuple[int, Future[Fingerprint]]
        ] = weakref.WeakKeyDictionary()

    def of(self, layer: ImageLayer) -> Fingerprint | None:
        """Return the fingerprint of a layer; None before it is computed or on error."""
        array = full_resolution(layer)
        known = self._known.get(layer)
        if known is None or known[0] != id(array):
            rgb = bool(layer.rgb)
            future = self._worker.submit(lambda: Fingerprint.of(array, rgb=rgb))
            self._known[layer] = (id(array), future)
            return None
        future = known[1]
        if not future.done():
            return None
        if future.exception() is not None:
            # A file that is gone, a lazy array that cannot be computed: nothing can
            # be restored onto it, and training from it shows why.
            logger.info("%s cannot be looked at: %s", layer.name, future.exception())
            return None
        return future.result()

    def begin(self, layers: tuple[ImageLayer, ...]) -> None:
        """Look at lazy layers now: napari has just made the plane that is looked at."""
        for layer in layers:
            if not isinstance(full_resolution(layer), np.ndarray):
                self.of(layer)

    def of_all(self, layers: tuple[ImageLayer, ...]) -> str | None:
        """Return the fingerprint of an image whose channels are these layers."""
        found = [each for each in map(self.of, layers) if each is not None]
        if len(found) < len(layers):
            return None
        return FINGERPRINT_SEPARATOR.join(each.text for each in found)

    def wait(self, layers: tuple[ImageLayer, ...], *, seconds: float) -> None:
        """Wait until an image has its fingerprint, but not for long."""
        if self.of_all(layers) is None:
            wait([self._known[layer][1] for layer in layers], timeout=seconds)

    def close(self) -> None:
        """Compute nothing more."""
        self._worker.close()

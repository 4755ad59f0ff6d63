"""Fingerprints of images: hashes of a few of their pixels, without reading all."""

from __future__ import annotations

import hashlib
import itertools
import logging
import weakref
from concurrent.futures import Future, wait
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer

from napari_garage_unet.layers.images import full_resolution
from napari_garage_unet.session.background import Worker

logger = logging.getLogger(__name__)

BLOCK_SIDE_PIXELS = 24
"""Rows and columns of a block of pixels that is hashed."""

BLOCKS_PER_AXIS = 5
"""Blocks along y and along x, from edge to edge."""

PLANES_PER_AXIS = 3
"""Positions along each axis in front of them: the first, the middle, the last."""


def fingerprint(array: Any, *, rgb: bool = False) -> str:
    """Return a hash of shape, type and some blocks of pixels of an image.

    Parameters
    ----------
    array
        ``(..., y, x)`` or with `rgb` ``(..., y, x, c)``. Of a lazy array only one
        block of the middle plane is computed.
    rgb
        Whether the last axis holds colours.

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
        *(_spread(n, 1 if lazy else PLANES_PER_AXIS, 1) for n in leading)
    )
    blocks = 1 if lazy else BLOCKS_PER_AXIS
    for plane in planes:
        for y, x in itertools.product(
            _spread(height, blocks, BLOCK_SIDE_PIXELS),
            _spread(width, blocks, BLOCK_SIDE_PIXELS),
        ):
            block = array[
                (
                    *plane,
                    slice(y, y + BLOCK_SIDE_PIXELS),
                    slice(x, x + BLOCK_SIDE_PIXELS),
                )
            ]
            digest.update(np.ascontiguousarray(block).tobytes())
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
        self._known: weakref.WeakKeyDictionary[ImageLayer, tuple[int, Future[str]]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, layer: ImageLayer) -> str | None:
        """Return the fingerprint of a layer; None before it is computed or on error."""
        array = full_resolution(layer)
        known = self._known.get(layer)
        if known is None or known[0] != id(array):
            rgb = bool(layer.rgb)
            future = self._worker.submit(lambda: fingerprint(array, rgb=rgb))
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

    def of_all(self, layers: tuple[ImageLayer, ...]) -> str | None:
        """Return the fingerprint of an image whose channels are these layers."""
        found = [self.of(layer) for layer in layers]
        return None if None in found else "+".join(str(each) for each in found)

    def wait(self, layers: tuple[ImageLayer, ...], *, seconds: float) -> None:
        """Wait until an image has its fingerprint, but not for long."""
        if self.of_all(layers) is None:
            wait([self._known[layer][1] for layer in layers], timeout=seconds)

    def close(self) -> None:
        """Compute nothing more."""
        self._worker.close()

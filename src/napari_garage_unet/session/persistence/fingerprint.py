"""Tells images apart by a few of their pixels, without reading all of them."""

from __future__ import annotations

import hashlib
import itertools
import logging
import weakref
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer

from napari_garage_unet.layers.images import full_resolution

logger = logging.getLogger(__name__)

BLOCK = 24
"""Rows and columns of a block that is looked at."""

BLOCKS = 5
"""Blocks along y and along x, from edge to edge."""

PLANES = 3
"""Positions along each axis in front of them: the first, the middle, the last."""


def fingerprint(array: Any, *, rgb: bool = False) -> str:
    """Hash of shape, type and some blocks of pixels of an image.

    Parameters
    ----------
    array
        ``(..., y, x)`` or with `rgb` ``(..., y, x, c)``. Of a lazy array only one
        block of the middle plane is computed.
    rgb
        Whether the last axis is that of colours.

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
    planes = itertools.product(*(_spread(n, 1 if lazy else PLANES, 1) for n in leading))
    blocks = 1 if lazy else BLOCKS
    for plane in planes:
        for y, x in itertools.product(
            _spread(height, blocks, BLOCK), _spread(width, blocks, BLOCK)
        ):
            block = array[(*plane, slice(y, y + BLOCK), slice(x, x + BLOCK))]
            digest.update(np.ascontiguousarray(block).tobytes())
    return digest.hexdigest()[:32]


def _spread(length: int, number: int, size: int) -> list[int]:
    """Starts of `number` blocks from one end to the other; one lies in the middle."""
    last = max(length - size, 0)
    if number == 1:
        return [last // 2]
    return sorted({round(last * i / (number - 1)) for i in range(number)})


class Fingerprints:
    """Fingerprints of image layers, computed once in a thread."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._known: weakref.WeakKeyDictionary[ImageLayer, tuple[int, Future[str]]] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, layer: ImageLayer) -> str | None:
        """The fingerprint of a layer; None until it is computed, or if it cannot be."""
        array = full_resolution(layer)
        known = self._known.get(layer)
        if known is None or known[0] != id(array):
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="garage-look")
            future = self._pool.submit(fingerprint, array, rgb=bool(layer.rgb))
            self._known[layer] = (id(array), future)
            return None
        future = known[1]
        if not future.done():
            return None
        if future.exception() is not None:
            # A file that is gone, a lazy array that cannot be computed: nothing can
            # be restored onto it, and whoever learns from it gets to read why.
            logger.info("%s cannot be looked at: %s", layer.name, future.exception())
            return None
        return future.result()

    def of_all(self, layers: tuple[ImageLayer, ...]) -> str | None:
        """The fingerprint of an image whose channels are these layers."""
        found = [self.of(layer) for layer in layers]
        return None if None in found else "+".join(str(each) for each in found)

    def wait(self, layers: tuple[ImageLayer, ...], *, seconds: float) -> None:
        """Wait until an image has its fingerprint, but not for long."""
        if self.of_all(layers) is None:
            wait([self._known[layer][1] for layer in layers], timeout=seconds)

    def close(self) -> None:
        """Compute nothing more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

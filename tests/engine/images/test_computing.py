"""Parts of lazy arrays become numbers without what others have registered with Dask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dask.array as da
import numpy as np
from dask.callbacks import Callback

from napari_garage_unet.engine.images.computing import as_array
from napari_garage_unet.engine.images.image import Image


class Noting(Callback):  # type: ignore[misc]
    """Stands for the cache that napari registers."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[Any] = []

    def _pretask(self, key: Any, dsk: Any, state: Any) -> None:
        self.keys.append(key)


def test_dask_computes_without_the_callbacks_of_others() -> None:
    stack = da.ones((3, 4, 5), chunks=(1, 4, 5), dtype=np.uint8)
    with Noting() as noting:
        np.asarray(stack[0])
        seen = len(noting.keys)
        assert seen > 0
        assert as_array(stack[1]).sum() == 20
        assert as_array(SimpleNamespace(data=stack[2])).sum() == 20
        assert Image(stack, "zyx").plane((1,)).shape == (4, 5, 1)
        assert len(noting.keys) == seen


def test_other_arrays_are_read() -> None:
    assert as_array([[1, 2]]).tolist() == [[1, 2]]
    pixels = np.arange(6).reshape(2, 3)
    assert as_array(pixels) is pixels

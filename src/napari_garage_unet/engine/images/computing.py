"""Turning a part of a lazy array into numbers, in any thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_array(part: Any) -> NDArray[Any]:
    """Return a part of any array as a NumPy array; of a lazy one it is computed.

    napari registers a cache with Dask that is not safe to use from two threads: a
    block that is computed here while napari computes it would raise a KeyError there.
    So Dask computes without what others have registered.

    Parameters
    ----------
    part
        An array, or what slicing one has given.
    """
    if isinstance(part, np.ndarray):
        return np.asarray(part)
    within: Any = getattr(part, "data", None)  # Dask within an array of xarray
    for lazy in (part, within):
        if type(lazy).__module__.startswith("dask."):
            return np.asarray(lazy.compute(callbacks=()))
    return np.asarray(part)

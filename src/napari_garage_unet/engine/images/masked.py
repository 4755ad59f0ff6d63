"""Masked arrays of NumPy, in which rasterio and others mark what is no data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unmask(
    array: np.ma.MaskedArray[Any, Any], axes: str, known: Any = None
) -> tuple[NDArray[Any], Any]:
    """Return the values of a masked array, and where they are data.

    Parameters
    ----------
    array
        The masked array.
    axes
        One letter of ``"tzyxc"`` per axis.
    known
        Array of the shape without channels, False where there is no data; None where
        that is not known.

    Returns
    -------
    values : ndarray
        Floats are NaN where they are masked; other values stay as they are.
    there : array or None
        `known`, and False where all channels are masked, unless NaN says so.
    """
    masked, values = np.ma.getmaskarray(array), np.ma.getdata(array)
    if not masked.any():
        return values, known
    if values.dtype.kind == "f":
        return np.where(masked, np.nan, values).astype(values.dtype), known
    at = axes.find("c")
    there = ~(masked if at < 0 else np.logical_and.reduce(masked, axis=at))
    return values, there if known is None else there & np.asarray(known, bool)

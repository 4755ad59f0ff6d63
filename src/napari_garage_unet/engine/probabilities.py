"""Probabilities as uint8 levels from 0 to 255.

Thresholds are compared with levels, so that labels are the same whether they come from
the network's floats or from probabilities that were kept in 8 bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError

UInt8 = npt.NDArray[np.uint8]

MAX_LEVEL = 255
"""Level of the probability 1; level k stands for the probability k / 255."""

MAX_CLASSES = 255
"""Largest number of classes; the ranks of all levels of all classes then fit uint16."""

_CACHE_SLICE_VALUES = 1 << 16
"""Values per slice of `cache_slices`."""


def quantize(probabilities: npt.NDArray[np.generic]) -> UInt8:
    """Round probabilities to levels.

    Parameters
    ----------
    probabilities
        Probabilities in [0, 1] as floats of any size, or levels as uint8, which are
        returned as they are; any shape. Rounding errors up to 0.001 outside of [0, 1]
        are clipped.

    Returns
    -------
    ndarray of the same shape, uint8
        Levels ``rint(255 p)``, with ``p`` in float32.

    Raises
    ------
    InputError
        If the dtype is neither float nor uint8, or a value is NaN or outside of [0, 1].
    """
    if probabilities.dtype == np.uint8:
        # mypy does not narrow the array's type by the comparison of its dtype.
        return probabilities.view()  # type: ignore[return-value]
    if not np.issubdtype(probabilities.dtype, np.floating):
        raise InputError(
            "Probabilities have to be float from 0 to 1 or uint8 from 0 to 255, "
            f"not {probabilities.dtype}."
        )
    out = np.empty(probabilities.shape, np.uint8)
    flat_in, flat_out = probabilities.reshape(-1), out.reshape(-1)
    for part in cache_slices(flat_in.size):
        block = flat_in[part].astype(np.float32)
        low, high = float(block.min()), float(block.max())
        if not (low >= -1e-3 and high <= 1 + 1e-3):
            raise InputError(
                f"Probabilities have to lie between 0 and 1; found {low:g} to {high:g}."
            )
        np.rint(block * np.float32(MAX_LEVEL), out=block)
        flat_out[part] = block.clip(0, MAX_LEVEL)
    return out


def check_probabilities(probabilities: npt.NDArray[np.generic]) -> UInt8:
    """Return the levels of the probabilities of several classes.

    Parameters
    ----------
    probabilities
        ``(n_classes, ...)``, 1 to `MAX_CLASSES` classes; values as for `quantize`.

    Returns
    -------
    ndarray of the same shape, uint8

    Raises
    ------
    InputError
        If the number of classes or a value lies outside its range.
    """
    if probabilities.ndim < 1 or not 1 <= len(probabilities) <= MAX_CLASSES:
        raise InputError(
            "Probabilities need the classes, 1 to 255 of them, on their first axis; "
            f"their shape is {probabilities.shape}."
        )
    return quantize(probabilities)


def without_data(levels: UInt8) -> npt.NDArray[np.bool_] | None:
    """Find the pixels that have no data: the probabilities of all classes are 0 there.

    Where there is data, they sum to 1.

    Parameters
    ----------
    levels
        ``(n_classes, *spatial)``.

    Returns
    -------
    ndarray of shape (*spatial), bool, or None
        None if there is no such pixel. A single class stands against background, so
        it tells nothing of that.
    """
    if len(levels) < 2 or not levels.size:
        return None
    empty: npt.NDArray[np.bool_] = levels.max(axis=0) == 0
    return empty if empty.any() else None


def cache_slices(size: int) -> Iterator[slice]:
    """Cut a flat array of `size` values into slices that fit the processor's cache."""
    for start in range(0, size, _CACHE_SLICE_VALUES):
        yield slice(start, start + _CACHE_SLICE_VALUES)

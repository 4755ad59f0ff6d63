"""Probabilities on a grid of 256 levels, in which all paths compare them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError

UInt8 = npt.NDArray[np.uint8]


MAX_LEVEL = 255


MAX_CLASSES = 255


_SLICE_VALUES = 1 << 16


def quantize(probabilities: npt.NDArray[np.generic]) -> UInt8:
    """Put probabilities on the grid on which they are kept and compared.

    Parameters
    ----------
    probabilities
        From 0 to 1, any shape; float of any size, or uint8 that is on the grid already
        and is returned as it is.

    Returns
    -------
    uint8 array of the same shape, ``rint(255 p)`` with ``p`` as float32

    Raises
    ------
    InputError
        If a value is not a number from 0 to 1.
    """
    if probabilities.dtype == np.uint8:
        # The check of the type has shown which array this is; mypy does not follow it.
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
    """Return the probabilities on the grid after checking their shape.

    Raises
    ------
    InputError
        If there is no class axis, no class or more than 255 classes, or if the values
        are no probabilities.
    """
    if probabilities.ndim < 1 or not 1 <= len(probabilities) <= MAX_CLASSES:
        raise InputError(
            "Probabilities need the classes, 1 to 255 of them, on their first axis; "
            f"their shape is {probabilities.shape}."
        )
    return quantize(probabilities)


def cache_slices(size: int) -> Iterator[slice]:
    """Cut a flat array into pieces that stay in the processor's cache."""
    for start in range(0, size, _SLICE_VALUES):
        yield slice(start, start + _SLICE_VALUES)

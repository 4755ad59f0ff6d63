"""How often each probability of a class occurs, for the picture behind its slider."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .probabilities import quantize


def log_histogram(probabilities: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Count the probabilities of one class.

    Parameters
    ----------
    probabilities
        Of one class, any shape; float from 0 to 1 or uint8.

    Returns
    -------
    ``(64,)`` float32, ``log10(1 + count)`` of 64 equal parts of the 256 levels, from
    probability 0 to 1
    """
    counts = np.bincount(quantize(probabilities).reshape(-1), minlength=256)
    counts = counts.reshape(64, 4).sum(axis=1)
    heights: npt.NDArray[np.float32] = np.log10(1 + counts).astype(np.float32)
    return heights

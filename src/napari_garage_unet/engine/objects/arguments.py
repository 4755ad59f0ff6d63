"""Checks of the arguments of splitting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import quantize


def check_spacing(n_axes: int, spacing: Sequence[float] | None) -> tuple[float, ...]:
    """Return the spacing as one number per axis, 1 by default.

    Raises
    ------
    InputError
        If it does not have one positive number for each of `n_axes` axes.
    """
    step = tuple(float(s) for s in ((1,) * n_axes if spacing is None else spacing))
    if len(step) != n_axes or not all(0 < s < np.inf for s in step):
        raise InputError(
            f"The spacing needs a positive number for each of {n_axes} axes, "
            f"not {list(step)}."
        )
    return step


def check_distance(distance: float | None) -> None:
    """Check a split distance, in world units; None is valid.

    Raises
    ------
    InputError
        If it is negative or not finite.
    """
    if distance is not None and not 0 <= distance < np.inf:
        raise InputError(f"The split distance cannot be {distance}.")


def check_levels(
    labels: npt.NDArray[np.generic], probabilities: npt.NDArray[np.generic] | None
) -> npt.NDArray[np.uint8] | None:
    """Return probabilities as uint8 levels of the shape of `labels`; None stays None.

    Raises
    ------
    InputError
        If the shape differs or the values are not from 0 to 1.
    """
    if probabilities is None:
        return None
    levels = np.atleast_1d(quantize(probabilities))
    if levels.shape != labels.shape:
        raise InputError(
            f"Probabilities of shape {levels.shape} do not fit labels of shape "
            f"{labels.shape}."
        )
    return levels

"""Which values become black and white, measured on one plane or on several.

A plane that is brought to full contrast by itself shows noise where there is nothing
else. So a stack may be scaled by what several of its planes have in common, or by what
the planes had that a model has learnt from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_SHARE_OF_CONTRAST = 0.5
"""Contrast of a stack, as a share of what the training images had, below which it is
taken for a stack without signal and scaled as those were."""


@dataclass(frozen=True, slots=True, eq=False)
class ContrastRange:
    """The values that become black and white.

    Parameters
    ----------
    low, high
        ``(C,)`` float64, in the unit of the image, after its background is subtracted
        and noise filtered where the preprocessing does that. All channels have the
        same values where they are rescaled together.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def reaches_beyond(self, other: ContrastRange, share: float) -> bool:
        """Whether it begins or ends outside another range by a share of its length."""
        margin = share * (other.high - other.low)
        beyond = (self.low < other.low - margin) | (self.high > other.high + margin)
        return bool(beyond.any())

    def is_poor_beside(self, other: ContrastRange) -> bool:
        """Whether it has much less contrast than another one, in every channel."""
        poor = self.high - self.low < MIN_SHARE_OF_CONTRAST * (other.high - other.low)
        return bool(poor.all())


def join_ranges(ranges: Iterable[ContrastRange]) -> ContrastRange:
    """Return the range from the lowest black to the highest white of at least one.

    Signal may be in a single plane of many, so a percentile of all pixels together
    could be one of noise alone.
    """
    listed = list(ranges)
    return ContrastRange(
        np.min([one.low for one in listed], axis=0),
        np.max([one.high for one in listed], axis=0),
    )


def measure_limits(
    pixels: NDArray[np.float32],
    percentiles: tuple[float, float],
    *,
    joint: bool,
    missing: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Measure the values that become black and white.

    Parameters
    ----------
    pixels
        ``(H, W, C)``, float32, finite.
    percentiles
        Lower and upper percentile, from 0 to 100. Where both have the same value,
        minimum and maximum take their place.
    joint
        Whether the percentiles are those of all channels together instead of each
        channel's own.
    missing
        ``(H, W, C)`` bool, values that do not count; None if all do.

    Returns
    -------
    low, high : ndarray of shape (1, 1, C) or (1, 1, 1)
        Both 0 for a channel without any value.
    """
    if missing is None:
        axis = None if joint else (0, 1)
        low, high = np.percentile(pixels, percentiles, axis=axis, keepdims=True)
        # With sparse bright spots, both percentiles are values of the even background.
        flat = high <= low
        if np.any(flat):
            low = np.where(flat, pixels.min(axis=axis, keepdims=True), low)
            high = np.where(flat, pixels.max(axis=axis, keepdims=True), high)
        return low, high
    if joint:
        parts = [pixels[~missing]]
    else:
        parts = [pixels[..., c][~missing[..., c]] for c in range(pixels.shape[-1])]
    limits = [_limits_of(values, percentiles) for values in parts]
    low, high = np.array(limits).T
    return low[np.newaxis, np.newaxis], high[np.newaxis, np.newaxis]


def _limits_of(
    values: NDArray[np.float32], percentiles: tuple[float, float]
) -> tuple[float, float]:
    if not values.size:
        return 0.0, 0.0
    low, high = np.percentile(values, percentiles)
    if high <= low:
        low, high = values.min(), values.max()
    return float(low), float(high)

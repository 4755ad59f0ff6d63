"""Mean and spread of features, over a plane or over several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Mean and spread of each feature over a plane.

    Parameters
    ----------
    means, spreads
        One array of ``(channels,)`` for each feature map. The spread is a standard
        deviation, raised a little so that constant features can be divided by it.
    """

    means: tuple[NDArray[np.float32], ...]
    spreads: tuple[NDArray[np.float32], ...]


def measure_statistics(
    measured: Sequence[Sequence[NDArray[np.float32]]],
    valid: Sequence[NDArray[np.bool_] | None],
) -> Statistics:
    """Measure features.

    Parameters
    ----------
    measured
        Feature maps ``(h, w, channels)`` of each region of a plane.
    valid
        ``(H, W)`` pixels of each region that have data; None if all have.
    """
    means, spreads = [], []
    for maps in zip(*measured, strict=True):
        cells = np.concatenate(
            [_cells(m, part) for m, part in zip(maps, valid, strict=True)]
        )
        if not len(cells):
            # Data lies between the cells of this map.
            cells = np.concatenate([_cells(m, None) for m in maps])
        cells = cells.astype(np.float32)
        mean, spread = cells.mean(axis=0), cells.std(axis=0)
        means.append(mean)
        spreads.append(_raised(spread, mean))
    return Statistics(tuple(means), tuple(spreads))


def pool_statistics(statistics: Iterable[Statistics]) -> Statistics:
    """Return the statistics of several planes together, all with the same weight."""
    listed = list(statistics)
    if len(listed) == 1:
        return listed[0]
    means, spreads = [], []
    for number in range(len(listed[0].means)):
        mean = np.array([one.means[number] for one in listed], np.float64)
        raised = np.array([one.spreads[number] for one in listed], np.float64)
        spread = np.maximum(raised - _raised(np.zeros_like(mean), mean), 0)
        pooled = mean.mean(axis=0)
        variance = (spread**2 + mean**2).mean(axis=0) - pooled**2
        means.append(pooled.astype(np.float32))
        spreads.append(
            _raised(np.sqrt(np.maximum(variance, 0)), pooled).astype(np.float32)
        )
    return Statistics(tuple(means), tuple(spreads))


def _raised(spread: NDArray[Any], mean: NDArray[Any]) -> NDArray[Any]:
    """Raise a standard deviation a little."""
    raised: NDArray[Any] = spread + 1e-3 * np.abs(mean) + 1e-4
    return raised


def _cells(
    feature_map: NDArray[np.float32], valid: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Return the ``(n, channels)`` cells whose middle has data."""
    if valid is None:
        return feature_map.reshape(-1, feature_map.shape[-1])
    height, width = feature_map.shape[:2]
    stride = valid.shape[0] // height
    here = valid[stride // 2 :: stride, stride // 2 :: stride]
    return feature_map[here[:height, :width]]

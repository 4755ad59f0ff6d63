"""Seeds of touching objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from .arguments import check_distance, check_levels, check_spacing
from .relief import (
    Bool,
    Float,
    Int32,
    blur,
    connected_regions,
    distance_relief,
    max_around,
)

SPLIT_DISTANCE_PER_RADIUS = 0.7
"""Smallest distance of two centres as a share of the radius of the usual object."""


SIZING_DISTANCE_PIXELS = 3.0
"""Distance in pixels at which the usual object is looked for."""


SMOOTHING_SIGMA_PER_DISTANCE = 0.3
"""Sigma of the smoothing of the distance, as a share of the smallest distance."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """The centres from which objects are flooded.

    Parameters
    ----------
    points
        ``(n, n_axes)`` pixel of each seed, int64.
    regions
        ``(n,)`` connected region (from 1) it lies in.
    """

    points: npt.NDArray[np.int64]
    regions: npt.NDArray[np.int64]


class SeedFinder:
    """Finds the seeds of one mask for one distance after the other, while it is tuned.

    Parameters
    ----------
    mask
        ``(*spatial)`` bool, the pixels of the class.
    probabilities, spacing
        See `label_objects.objects`.

    Raises
    ------
    InputError
        As `objects`.
    """

    def __init__(
        self,
        mask: Bool,
        *,
        probabilities: npt.NDArray[np.generic] | None = None,
        spacing: Sequence[float] | None = None,
    ) -> None:
        mask = np.atleast_1d(mask)
        self._step = check_spacing(mask.ndim, spacing)
        levels = check_levels(mask, probabilities)
        self._regions = connected_regions(mask)
        self._relief = distance_relief(self._regions, levels, self._step)

    def find(self, min_distance: float | None = None) -> Seeds:
        """Find the seeds, at least one for each connected region.

        Raises
        ------
        InputError
            If the distance cannot be.
        """
        check_distance(min_distance)
        distance = self._usual if min_distance is None else min_distance
        return find_seeds(self._regions, self._relief, distance, self._step)

    @cached_property
    def _usual(self) -> float:
        return split_distance(self._regions, self._relief, self._step)


def split_distance(regions: Int32, relief: Float, step: tuple[float, ...]) -> float:
    """Choose a distance by the size of the objects."""
    finest = SIZING_DISTANCE_PIXELS * min(step)
    seeds = find_seeds(regions, relief, finest, step)
    if not seeds.regions.size:
        return finest
    radius = np.sort(relief[tuple(seeds.points.T)].astype(np.float64))
    # Specks and halves of objects are many, but small.
    section = np.cumsum(radius**2)
    return SPLIT_DISTANCE_PER_RADIUS * float(
        radius[np.searchsorted(section, section[-1] / 2)]
    )


def find_seeds(
    regions: Int32, relief: Float, distance: float | None, step: tuple[float, ...]
) -> Seeds:
    if distance is None:
        distance = split_distance(regions, relief, step)
    sigma = [SMOOTHING_SIGMA_PER_DISTANCE * distance / s for s in step]
    smooth = blur(relief, sigma) if distance else relief
    inside = regions > 0
    peak = inside & (smooth == max_around(smooth))
    # A region that is nothing but the slope of a higher neighbour has no peak.
    without = np.ones(int(regions.max(initial=0)) + 1, bool)
    without[regions[peak]] = without[0] = False
    if without.any():
        # Of these regions alone the highest pixel, the first of several.
        pixels = np.flatnonzero(without[regions])
        own = regions.reshape(-1)[pixels]
        order = np.lexsort((-pixels, smooth.reshape(-1)[pixels], own))
        last = np.append(np.diff(own[order]) > 0, True)
        peak.reshape(-1)[pixels[order[last]]] = True
    # Pixels of a plateau suppress each other like any two peaks too close.
    points = np.argwhere(peak)
    height, region = smooth[peak], regions[peak].astype(np.int64)
    radius = np.maximum(np.maximum(height, distance), max(step))
    world = points * np.array(step)
    tree = KDTree(world)
    alive = np.ones(len(points), bool)
    for one in np.argsort(-height, kind="stable"):
        if alive[one]:
            near = np.array(tree.query_ball_point(world[one], radius[one]))
            alive[near[region[near] == region[one]]] = False
            alive[one] = True
    return Seeds(points[alive], region[alive])

"""Seeds of touching objects, one for each.

A seed is a peak of the relief: the distance to the outline, smoothed a little so that a
rough outline does not add peaks. A peak counts if no higher one of the same region lies
closer than the larger of the split distance and its own height; a centre inside the
inscribed circle of another object is not an object of its own. A plateau is one peak,
however large it is. Lengths are in world units, so the shape of voxels does not matter.

The default split distance is `SPLIT_DISTANCE_PER_RADIUS` times the typical radius: the
median of the heights of seeds `SIZING_DISTANCE_PIXELS` apart, weighted by their
squares.
"""

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
"""Default split distance, as a fraction of the typical radius."""


SIZING_DISTANCE_PIXELS = 3.0
"""Split distance at which the typical radius is measured, in pixels."""


SMOOTHING_SIGMA_PER_DISTANCE = 0.3
"""Sigma of the smoothing of the relief, as a fraction of the split distance."""


LARGE_PLATEAU_PIXELS = 64
"""Pixels from which on a plateau is known by the one nearest to its centre alone."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Centres from which objects are flooded.

    Parameters
    ----------
    points
        ``(n, n_axes)`` int64, pixel of each seed.
    regions
        ``(n,)`` int64, connected region it lies in, from 1.
    """

    points: npt.NDArray[np.int64]
    regions: npt.NDArray[np.int64]


class SeedFinder:
    """Finds the seeds of one mask for changing split distances.

    Parameters
    ----------
    mask
        ``(*spatial)`` bool, pixels of the class.
    probabilities, spacing
        See `label_objects.objects`.

    Raises
    ------
    InputError
        If shapes do not fit, or the spacing is not positive.
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
        """Find the seeds, at least one in each connected region.

        Parameters
        ----------
        min_distance
            Split distance in world units; chosen from the size of the objects by
            default.

        Raises
        ------
        InputError
            If the distance is negative or not finite.
        """
        check_distance(min_distance)
        distance = self._default_distance if min_distance is None else min_distance
        return find_seeds(self._regions, self._relief, distance, self._step)

    @cached_property
    def _default_distance(self) -> float:
        return split_distance(self._regions, self._relief, self._step)


def split_distance(regions: Int32, relief: Float, step: tuple[float, ...]) -> float:
    """Choose a split distance by the size of the objects.

    Parameters
    ----------
    regions, relief, step
        See `find_seeds`.

    Returns
    -------
    float
        World units.
    """
    sizing_distance = SIZING_DISTANCE_PIXELS * min(step)
    seeds = find_seeds(regions, relief, sizing_distance, step)
    if not seeds.regions.size:
        return sizing_distance
    radius = np.sort(relief[tuple(seeds.points.T)].astype(np.float64))
    # Weighted by area, because small fragments are many.
    section = np.cumsum(radius**2)
    return SPLIT_DISTANCE_PER_RADIUS * float(
        radius[np.searchsorted(section, section[-1] / 2)]
    )


def find_seeds(
    regions: Int32, relief: Float, distance: float | None, step: tuple[float, ...]
) -> Seeds:
    """Find the seeds of connected regions.

    Parameters
    ----------
    regions
        ``(*spatial)`` int32 ids of connected regions, 0 outside.
    relief
        ``(*spatial)`` float32 from `distance_relief`.
    distance
        Split distance in world units; that of `split_distance` by default.
    step
        World units per pixel of each axis.

    Returns
    -------
    Seeds
        At least one per region.
    """
    if distance is None:
        distance = split_distance(regions, relief, step)
    sigma = [SMOOTHING_SIGMA_PER_DISTANCE * distance / s for s in step]
    smooth = blur(relief, sigma) if distance else relief
    inside = regions > 0
    peak = inside & (smooth == max_around(smooth))
    # A region on the smoothed slope of a higher neighbour has no peak of its own.
    without = np.ones(int(regions.max(initial=0)) + 1, bool)
    without[regions[peak]] = without[0] = False
    if without.any():
        # Its highest pixel becomes one, the first of several.
        pixels = np.flatnonzero(without[regions])
        own = regions.reshape(-1)[pixels]
        order = np.lexsort((-pixels, smooth.reshape(-1)[pixels], own))
        last = np.append(np.diff(own[order]) > 0, True)
        peak.reshape(-1)[pixels[order[last]]] = True
    plateaus = _thin_out(peak, np.where(inside, smooth, 0))
    points = np.argwhere(peak)
    height, region = smooth[peak], regions[peak].astype(np.int64)
    plateau = plateaus[peak]
    radius = np.maximum(np.maximum(height, distance), max(step))
    world = points * np.array(step)
    tree = KDTree(world)
    alive = np.ones(len(points), bool)
    n_of_plateau = np.bincount(plateau, minlength=1)
    for one in np.argsort(-height, kind="stable"):
        if alive[one]:
            near = np.array(tree.query_ball_point(world[one], radius[one]))
            alive[near[region[near] == region[one]]] = False
            if n_of_plateau[plateau[one]] > 1:
                alive[plateau == plateau[one]] = False
            alive[one] = True
    return Seeds(points[alive], region[alive])


def _thin_out(peak: Bool, smooth: Float) -> Int32:
    """Leave of each large plateau one pixel, or none if it is no peak, in place.

    Parameters
    ----------
    peak
        ``(*spatial)`` bool, pixels that no neighbour exceeds; changed.
    smooth
        ``(*spatial)``, the relief; 0 outside of the regions.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32, number of the plateau of each pixel, from 1.
    """
    plateaus = connected_regions(peak)
    sizes = np.bincount(plateaus.reshape(-1), minlength=1)
    sizes[0] = 0
    for large in np.flatnonzero(sizes >= LARGE_PLATEAU_PIXELS):
        pixels = np.argwhere(plateaus == large)
        height = smooth[tuple(pixels[0])]
        box = tuple(
            slice(max(low - 1, 0), high + 2)
            for low, high in zip(pixels.min(axis=0), pixels.max(axis=0), strict=True)
        )
        here = plateaus[box] == large
        rim = max_around(here.astype(np.float32)) > 0
        # The floor of a flat valley is level too, but its rim goes up.
        is_floor = (smooth[box][rim & ~here] >= height).any()
        peak[plateaus == large] = False
        if not is_floor:
            nearest = np.square(pixels - pixels.mean(axis=0)).sum(axis=1).argmin()
            peak[tuple(pixels[nearest])] = True
    return plateaus

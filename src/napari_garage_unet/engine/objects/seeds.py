"""Seeds of touching objects."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import quantize

Int32 = npt.NDArray[np.int32]


Float = npt.NDArray[np.floating]


Bool = npt.NDArray[np.bool_]


SPLIT_DISTANCE_PER_RADIUS = 0.7
"""Smallest distance of two centres as a share of the radius of the usual object."""


SIZING_DISTANCE_PIXELS = 3.0
"""Distance in pixels at which the usual object is looked for."""


SMOOTHING_SIGMA_PER_DISTANCE = 0.3
"""Sigma of the smoothing of the distance, as a share of the smallest distance."""


MIN_THREADED_PIXELS = 1 << 20
"""Pixels from which on two threads are worth while."""


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
        self._step = _spacing(mask.ndim, spacing)
        levels = _check_levels(mask, probabilities)
        self._regions = _connected(mask)
        self._relief = _relief(self._regions, levels, self._step)

    def find(self, min_distance: float | None = None) -> Seeds:
        """Find the seeds, at least one for each connected region.

        Raises
        ------
        InputError
            If the distance cannot be.
        """
        _check_distance(min_distance)
        distance = self._usual if min_distance is None else min_distance
        return _seeds(self._regions, self._relief, distance, self._step)

    @cached_property
    def _usual(self) -> float:
        return _usual_distance(self._regions, self._relief, self._step)


def _spacing(n_axes: int, spacing: Sequence[float] | None) -> tuple[float, ...]:
    step = tuple(float(s) for s in ((1,) * n_axes if spacing is None else spacing))
    if len(step) != n_axes or not all(0 < s < np.inf for s in step):
        raise InputError(
            f"The spacing needs a positive number for each of {n_axes} axes, "
            f"not {list(step)}."
        )
    return step


def _check_distance(distance: float | None) -> None:
    if distance is not None and not 0 <= distance < np.inf:
        raise InputError(f"The split distance cannot be {distance}.")


def _check_levels(
    labels: npt.NDArray[np.generic], probabilities: npt.NDArray[np.generic] | None
) -> npt.NDArray[np.uint8] | None:
    if probabilities is None:
        return None
    levels = np.atleast_1d(quantize(probabilities))
    if levels.shape != labels.shape:
        raise InputError(
            f"Probabilities of shape {levels.shape} do not fit labels of shape "
            f"{labels.shape}."
        )
    return levels


def _connected(mask: Bool) -> Int32:
    structure = ndimage.generate_binary_structure(mask.ndim, mask.ndim)
    regions: Int32 = ndimage.label(mask, structure)[0]
    return regions.astype(np.int32, copy=False)


def _relief(
    regions: Int32, levels: npt.NDArray[np.uint8] | None, step: tuple[float, ...]
) -> Float:
    """Return the distance to the outline, weighed with the probability."""
    mask = regions > 0
    if mask.all():  # no outline to measure from
        relief = np.ones(mask.shape, np.float32)
    else:
        relief = ndimage.distance_transform_edt(mask, sampling=step).astype(np.float32)
    if levels is not None:
        relief *= levels / np.float32(255)
    return relief


def _usual_distance(regions: Int32, relief: Float, step: tuple[float, ...]) -> float:
    """Choose a distance by the size of the objects."""
    finest = SIZING_DISTANCE_PIXELS * min(step)
    seeds = _seeds(regions, relief, finest, step)
    if not seeds.regions.size:
        return finest
    radius = np.sort(relief[tuple(seeds.points.T)].astype(np.float64))
    # Specks and halves of objects are many, but small.
    section = np.cumsum(radius**2)
    return SPLIT_DISTANCE_PER_RADIUS * float(
        radius[np.searchsorted(section, section[-1] / 2)]
    )


def _seeds(
    regions: Int32, relief: Float, distance: float | None, step: tuple[float, ...]
) -> Seeds:
    if distance is None:
        distance = _usual_distance(regions, relief, step)
    sigma = [SMOOTHING_SIGMA_PER_DISTANCE * distance / s for s in step]
    smooth = _blur(relief, sigma) if distance else relief
    inside = regions > 0
    peak = inside & (smooth == _largest_around(smooth))
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


def _blur(values: Float, sigma: Sequence[float]) -> Float:
    """Filter with a Gaussian, `ndimage.gaussian_filter` in two threads."""
    if values.ndim < 2 or values.size < MIN_THREADED_PIXELS:
        whole: Float = ndimage.gaussian_filter(values, sigma)
        return whole
    with ThreadPoolExecutor(2) as threads:
        for axis, width in enumerate(sigma):
            blurred = np.empty_like(values)
            # Lines along an axis are filtered one by one, so cutting across another
            # axis changes nothing.
            across = 0 if axis else 1
            halves = zip(
                np.array_split(values, 2, axis=across),
                np.array_split(blurred, 2, axis=across),
                strict=True,
            )
            jobs = [
                threads.submit(
                    ndimage.gaussian_filter1d, half, width, axis=axis, output=out
                )
                for half, out in halves
            ]
            for job in jobs:
                job.result()
            values = blurred
    return values


def _largest_around(values: Float) -> Float:
    """Return the largest value among each pixel and all that touch it.

    What `ndimage.maximum_filter` of size 3 gives, in a tenth of the time.
    """
    largest = values
    for axis in range(values.ndim):
        before = np.moveaxis(largest, axis, 0)
        largest = largest.copy()
        along = np.moveaxis(largest, axis, 0)
        np.maximum(along[1:], before[:-1], out=along[1:])
        np.maximum(along[:-1], before[1:], out=along[:-1])
    return largest

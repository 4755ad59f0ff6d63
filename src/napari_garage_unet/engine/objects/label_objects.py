"""From the pixels of a class to objects with an id each.

Without splitting an object is what is connected, across faces, edges and corners.

Touching objects are split where they are narrow: the distance to the outline is highest
in the middle of an object, and a watershed [1]_ flooded from these peaks meets at the
necks. Each object needs one peak. The distance is smoothed a little, against the peaks
of a rough outline, and a peak counts only when no higher one of the same region lies
closer than the larger of `min_distance` and its own distance to the outline: a centre
inside another object's inscribed circle is no object of its own. Lengths are in world
units, so flat voxels do not matter. When nobody has chosen a distance, it is `SPLIT_DISTANCE_PER_RADIUS` of
the radius of the usual object, of which half of all objects' cross-sections are larger.

Where probabilities are given, they weigh the distance. They fall where two objects
meet, which splits objects that have no neck between them.

References
----------
.. [1] F. Meyer, "Topographic distance and watershed lines", Signal Processing 38, 1994.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from skimage.segmentation import watershed

from napari_garage_unet.engine.errors import InputError

from .arguments import check_distance, check_levels, check_spacing
from .relief import Int32, connected_regions, distance_relief
from .seeds import find_seeds


def objects(
    labels: npt.NDArray[np.generic],
    class_id: int | None = None,
    *,
    split: bool = False,
    probabilities: npt.NDArray[np.generic] | None = None,
    min_distance: float | None = None,
    spacing: Sequence[float] | None = None,
    connected_axes: int | None = None,
) -> Int32:
    """Give each object of a class an id.

    Parameters
    ----------
    labels
        ``(*spatial)`` segmentation, or a mask.
    class_id
        Which class; every value but 0 when left out, values apart from each other.
    split
        Whether to split touching objects.
    probabilities
        ``(*spatial)`` of the class, float from 0 to 1 or uint8; weigh the splitting.
    min_distance
        Smallest distance between the centres of two objects that touch, in world
        units; chosen by the size of the objects when left out, for each plane or
        volume that connects.
    spacing
        World units per pixel of each axis; 1 when left out.
    connected_axes
        How many of the last axes connect pixels; 2 treats a stack plane by plane, and
        no object is in two planes. All of them when left out.

    Returns
    -------
    ``(*spatial)`` int32, 0 where no object is, ids from 1 without gaps, in the order of
    the objects' first pixels

    Raises
    ------
    InputError
        If shapes do not fit, or spacing or distance are no positive numbers.
    """
    labels = np.atleast_1d(labels)
    step = check_spacing(labels.ndim, spacing)
    levels = check_levels(labels, probabilities)
    axes = labels.ndim if connected_axes is None else min(connected_axes, labels.ndim)
    if axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    # Seconds between two time points say nothing about distances in a plane.
    step = step[labels.ndim - axes :]
    check_distance(min_distance)
    out = np.zeros(labels.shape, np.int32)
    values = [class_id] if class_id is not None else np.unique(labels[labels != 0])
    count = 0
    for value in values:
        mask = labels == value
        for index in np.ndindex(labels.shape[: labels.ndim - axes]):
            found = connected_regions(mask[index])
            if split:
                weight = None if levels is None else levels[index]
                found = _split(found, weight, min_distance, step)
            np.add(found, count, out=out[index], where=found > 0)
            count += int(found.max(initial=0))
    return _in_order(out, count) if split or len(values) > 1 else out


def _split(
    regions: Int32,
    levels: npt.NDArray[np.uint8] | None,
    distance: float | None,
    step: tuple[float, ...],
) -> Int32:
    """Flood the regions that have several seeds; the others are objects already."""
    if not regions.any():
        return regions
    relief = distance_relief(regions, levels, step)
    seeds = find_seeds(regions, relief, distance, step)
    several = np.bincount(seeds.regions) > 1
    if not several.any():
        return regions
    flooded = several[seeds.regions]
    markers = np.zeros(regions.shape, np.int32)
    first = int(regions.max()) + 1
    markers[tuple(seeds.points[flooded].T)] = np.arange(first, first + flooded.sum())
    mask = several[regions]
    parts = watershed(-relief, markers, connectivity=regions.ndim, mask=mask)
    return np.where(mask, parts, regions).astype(np.int32)


def _in_order(found: Int32, count: int) -> Int32:
    """Number objects in the order of their first pixels, without gaps."""
    flat = found.reshape(-1)
    pixels = np.flatnonzero(flat)[::-1]
    first = np.full(count + 1, flat.size)
    first[flat[pixels]] = pixels  # the last assignment stays
    order = np.argsort(first[1:], kind="stable") + 1
    table = np.zeros(count + 1, np.int32)
    table[order] = np.arange(1, count + 1)
    return table[found]

"""Object ids of the pixels of a class.

Without splitting, an object is a region connected across faces, edges and corners.

Touching objects are split where they are narrow. The relief, the distance to the
outline, is highest in the middle of an object, and a watershed [1]_ flooded from its
peaks meets at the necks. `seeds` selects one peak per object. With probabilities the
relief is their product with the distance; they are lower where two objects meet, which
splits objects without a neck between them.

Sizes are those of objects, after splitting: a piece that is too small joins the piece
it touches most (`sizes`).

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
from .sizes import fit_sizes


def objects(
    labels: npt.NDArray[np.generic],
    class_id: int | None = None,
    *,
    split: bool = False,
    probabilities: npt.NDArray[np.generic] | None = None,
    min_distance: float | None = None,
    spacing: Sequence[float] | None = None,
    connected_axes: int | None = None,
    min_size: float = 0.0,
    max_size: float | None = None,
) -> Int32:
    """Give each object of a class an id.

    Parameters
    ----------
    labels
        ``(*spatial)`` segmentation, or a mask.
    class_id
        The class. By default every value but 0 is one; different values never join.
    split
        Whether to split touching objects.
    probabilities
        ``(*spatial)`` probability of the class, float from 0 to 1 or uint8; factor of
        the relief. None for the distance alone.
    min_distance
        Smallest distance between the centres of two touching objects, in world units.
        By default it is chosen from the size of the objects, for each plane or volume.
    spacing
        World units per pixel of each axis; 1 by default.
    connected_axes
        Number of last axes along which pixels connect: with 2 a stack is treated plane
        by plane and no object is in two planes. All axes by default.
    min_size
        Size in pixels below which a piece joins the one of the same region that it
        touches most; without such a one it is no object.
    max_size
        Size in pixels above which what is left is no object; None for no limit.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32, 0 where there is no object; ids from 1 without gaps, in
        the order of the objects' first pixels.

    Raises
    ------
    InputError
        If shapes do not fit, or spacing or distance are not positive numbers.
    """
    labels = np.atleast_1d(labels)
    step = check_spacing(labels.ndim, spacing)
    levels = check_levels(labels, probabilities)
    axes = labels.ndim if connected_axes is None else min(connected_axes, labels.ndim)
    if axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    # The spacing of time has no meaning for distances in a plane.
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
            found = fit_sizes(found, min_size, max_size)
            np.add(found, count, out=out[index], where=found > 0)
            count += int(found.max(initial=0))
    in_order = not split and len(values) <= 1 and not min_size and max_size is None
    return out if in_order else _in_order(out, count)


def _split(
    regions: Int32,
    levels: npt.NDArray[np.uint8] | None,
    distance: float | None,
    step: tuple[float, ...],
) -> Int32:
    """Split the regions with several seeds; the others are objects already.

    Parameters
    ----------
    regions
        ``(*spatial)`` int32 ids of connected regions.
    levels
        ``(*spatial)`` uint8 probability of the class, or None.
    distance
        Smallest distance between two centres in world units, or None.
    step
        World units per pixel of each axis.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32, with new ids above those of `regions`.
    """
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
    first[flat[pixels]] = pixels  # the first pixel, assigned last, stays
    order = np.argsort(first[1:], kind="stable") + 1
    table = np.zeros(count + 1, np.int32)
    table[order] = np.arange(1, count + 1)  # ids that do not occur come last
    return table[found]

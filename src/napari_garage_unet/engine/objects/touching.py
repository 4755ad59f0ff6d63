"""Whether the regions of a class look like clumps of touching objects.

Nuclei, cells and grains are roughly convex, and where two of them touch the outline has
notches. So a region looks like a clump if the parts into which it is split are more
convex than the region, and most of their outline is not a cut. Convexity is measured by
the solidity, the fraction of the convex hull that is filled, from 0 to 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops

Ids = NDArray[np.integer[Any]]

MIN_SOLIDITY = 0.9
"""Median solidity of the parts from which on they look like objects."""

MAX_CUT_FRACTION = 0.3
"""Fraction of the outlines of the parts that may be cuts."""

MIN_ADDED_OBJECTS_FRACTION = 0.1
"""Objects that splitting must add, as a fraction of the number of regions."""

MAX_CLUMPS = 100
"""Number of split regions that are measured, which bounds the time."""


def look_touching(regions: Ids, parts: Ids) -> bool:
    """Return whether splitting finds touching objects.

    Parameters
    ----------
    regions
        ``(*spatial)`` ids of connected regions, from 1 without gaps.
    parts
        ``(*spatial)`` ids of the same regions after splitting, see `objects`.
    """
    n_regions, n_parts = int(regions.max(initial=0)), int(parts.max(initial=0))
    if n_parts < (1 + MIN_ADDED_OBJECTS_FRACTION) * n_regions:
        return False
    inside = parts > 0
    owner = np.zeros(n_parts + 1, np.int64)
    owner[parts[inside]] = regions[inside]
    clumps = np.flatnonzero(np.bincount(owner[1:]) > 1)[:MAX_CLUMPS]
    if (
        not clumps.size
        or _cut_share(np.where(np.isin(regions, clumps), parts, 0)) > MAX_CUT_FRACTION
    ):
        return False
    whole, split = [], []
    for clump in regionprops(np.where(np.isin(regions, clumps), regions, 0)):
        pieces = np.where(clump.image, parts[clump.slice], 0)
        whole.append(_solidity(clump))
        split += [_solidity(piece) for piece in regionprops(pieces)]
    convex = float(np.median(split))
    return convex >= MIN_SOLIDITY and convex > float(np.median(whole))


def _cut_share(parts: Ids) -> float:
    """Return the fraction of the pixel faces of all parts that separate two of them."""
    outer = cut = 0
    apart = np.pad(parts, 1)
    for axis in range(apart.ndim):
        along = np.moveaxis(apart, axis, 0)
        one, other = along[1:], along[:-1]
        faces = one != other
        between = int(np.count_nonzero(faces & (one > 0) & (other > 0)))
        cut += 2 * between  # a cut belongs to both parts
        outer += int(np.count_nonzero(faces)) - between
    return cut / max(cut + outer, 1)


def _solidity(region: Any) -> float:
    """Return the solidity of a region from `regionprops`, from 0 to 1."""
    # The hull of a line of pixels has no volume; a line is convex.
    flat = min(region.image.shape) < 2
    return 1.0 if flat else float(region.solidity)

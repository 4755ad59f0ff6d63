"""Whether regions of a class look like several objects that touch.

Things such as nuclei, cells and grains are convex by and large, and where two of them
touch the outline has notches. So a region is a clump if the parts it is split into are
more convex than it is itself. How convex is told by the solidity, the share of the
convex hull that is filled. And they touch: most of an object's outline is its own, not
a cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops

Ids = NDArray[np.integer[Any]]

MIN_SOLIDITY = 0.9
"""Median solidity of parts from which on they look like objects."""

MAX_CUT_FRACTION = 0.3
"""Share of the outlines of parts that cuts may have."""

MIN_ADDED_OBJECTS_FRACTION = 0.1
"""How many more objects there have to be than regions, as a share of these."""

MAX_CLUMPS = 100
"""Regions that are looked at; more would take long and say the same."""


def look_touching(regions: Ids, parts: Ids) -> bool:
    """Tell whether splitting finds objects that touch.

    Parameters
    ----------
    regions
        ``(*spatial)`` ids of what is connected.
    parts
        The same, split; see `objects.objects`.
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
    """Return the share of the faces of all parts that lie between two of them."""
    outer = cut = 0
    apart = np.pad(parts, 1)
    for axis in range(apart.ndim):
        along = np.moveaxis(apart, axis, 0)
        one, other = along[1:], along[:-1]
        faces = one != other
        between = int(np.count_nonzero(faces & (one > 0) & (other > 0)))
        cut += 2 * between  # each of the two has it
        outer += int(np.count_nonzero(faces)) - between
    return cut / max(cut + outer, 1)


def _solidity(region: Any) -> float:
    # A line of pixels has no hull with a volume; it is as convex as can be.
    flat = min(region.image.shape) < 2
    return 1.0 if flat else float(region.solidity)

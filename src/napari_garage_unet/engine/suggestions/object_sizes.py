"""Sizes of the objects that strokes lie on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.labels.assign import Labels
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.touching import look_touching

from .painted import PaintedPlane, PaintedVolume

MIN_SIZE_PER_SMALL_OBJECT = 0.1
"""Suggested minimum size, as a fraction of the size of a small painted object."""


SMALL_OBJECT_QUANTILE = 0.1
"""Fraction of the stroke pixels on objects smaller than a small one."""


@dataclass(frozen=True, slots=True, eq=False)
class PaintedObjects:
    """Measurements of the objects of a class.

    Parameters
    ----------
    sizes
        ``(n,)`` int64, see `painted_sizes`.
    touch
        Whether objects look touching, see `look_touching`; False without painted ones.
    """

    sizes: NDArray[np.int64]
    touch: bool


def measure_painted_objects(
    part: PaintedPlane | PaintedVolume, labels: Labels, class_id: int
) -> PaintedObjects:
    """Measure the objects of a class in a plane or volume.

    Touching objects are split, so that a clump does not count as one large object.

    Parameters
    ----------
    part
        Plane or volume with strokes.
    labels
        Class ids of its pixels.
    class_id
        The class.
    """
    spacing = part.spacing if isinstance(part, PaintedVolume) else None
    split = objects(labels, class_id, split=True, spacing=spacing)
    sizes = painted_sizes(split, part.strokes == class_id)
    # Regions below the minimum size do not count as objects.
    large = np.bincount(split.reshape(-1)) >= MIN_SIZE_PER_SMALL_OBJECT * small_size(
        sizes
    )
    mask = (split > 0) & large[split]
    regions = objects(mask, spacing=spacing)
    parts = objects(mask, split=True, spacing=spacing)
    return PaintedObjects(sizes, sizes.size > 0 and look_touching(regions, parts))


def painted_sizes(
    ids: NDArray[np.integer[Any]], painted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the size of the object under each stroke pixel.

    Parameters
    ----------
    ids
        ``(*spatial)`` object ids, see `objects`.
    painted
        ``(*spatial)`` bool, stroke pixels of the class.

    Returns
    -------
    ndarray
        ``(n,)`` int64, sizes in pixels or voxels; stroke pixels outside objects are
        left out.
    """
    hit = ids[painted & (ids > 0)]
    sizes: NDArray[np.int64] = np.bincount(ids.reshape(-1))[hit].astype(np.int64)
    return sizes


def small_size(sizes: NDArray[np.int64]) -> int:
    """Return the size of a small painted object.

    It is the `SMALL_OBJECT_QUANTILE` of the sizes. Their minimum is no measure, because
    strokes also brush noise.

    Parameters
    ----------
    sizes
        ``(n,)`` from `painted_sizes`.

    Returns
    -------
    int
        Pixels or voxels; 0 for an empty array.
    """
    return (
        int(np.sort(sizes)[int(SMALL_OBJECT_QUANTILE * sizes.size)])
        if sizes.size
        else 0
    )

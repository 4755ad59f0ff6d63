"""Sizes of painted objects."""

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
"""Share of a small painted object below which a region is a speck."""


SMALL_OBJECT_QUANTILE = 0.1
"""Share of the stroke pixels on objects that are smaller than a small one."""


@dataclass(frozen=True, slots=True, eq=False)
class PaintedObjects:
    sizes: NDArray[np.int64]
    touch: bool


def measure_painted_objects(
    part: PaintedPlane | PaintedVolume, labels: Labels, class_id: int
) -> PaintedObjects:
    """Return the sizes of painted objects, and whether objects touch."""
    spacing = part.spacing if isinstance(part, PaintedVolume) else None
    split = objects(labels, class_id, split=True, spacing=spacing)
    sizes = painted_sizes(split, part.strokes == class_id)
    # Specks are no objects.
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
    """Return the size of the object that each pixel of a stroke lies on.

    Parameters
    ----------
    ids
        ``(*spatial)``, see `objects.objects`.
    painted
        Where strokes of the class lie.

    Returns
    -------
    ``(n,)`` int64; pixels that lie on no object are left out
    """
    hit = ids[painted & (ids > 0)]
    sizes: NDArray[np.int64] = np.bincount(ids.reshape(-1))[hit].astype(np.int64)
    return sizes


def small_size(sizes: NDArray[np.int64]) -> int:
    """Return the size of a small object, of which `SMALL_OBJECT_QUANTILE` of the pixels are smaller.

    0 where nothing was painted. The very smallest would be a speck that a stroke has
    brushed.
    """
    return (
        int(np.sort(sizes)[int(SMALL_OBJECT_QUANTILE * sizes.size)])
        if sizes.size
        else 0
    )

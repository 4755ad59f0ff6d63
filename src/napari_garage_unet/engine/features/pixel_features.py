"""Features of single pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.filters.interpolation import interpolate_at_pixels

from .feature_maps import FeatureMapSpec


def gather_pixels(
    feature_maps: Sequence[NDArray[Any]],
    specs: Sequence[FeatureMapSpec],
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Interpolate feature maps at single pixels and join their features.

    Parameters
    ----------
    feature_maps
        ``(h, w, channels)`` each, of one plane or of a region of it.
    specs
        Where the cells of each map lie.
    rows, columns
        ``(n,)`` pixels of the plane or region.

    Returns
    -------
    ndarray of shape (n, sum of channels), float32
    """
    parts = [
        interpolate_at_pixels(
            feature_map, rows, columns, stride=spec.stride, offset=spec.offset
        )
        for feature_map, spec in zip(feature_maps, specs, strict=True)
    ]
    return np.concatenate(parts, axis=1)

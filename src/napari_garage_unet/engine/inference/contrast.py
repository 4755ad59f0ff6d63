"""Measures the contrast that several planes have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np

from napari_garage_unet.engine.features.statistics import pool_statistics
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.contrast import ContrastRange, join_ranges
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.no_data import pixels_without_data
from napari_garage_unet.engine.images.planes_at_hand import spread
from napari_garage_unet.engine.images.preprocess import measure_range, preprocess
from napari_garage_unet.engine.images.sample import MAX_SAMPLED_PLANES, sample_planes
from napari_garage_unet.engine.networks.base import Network, pad_to_stride
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast

MAX_RANGE_PIXELS = 32_000_000
"""Pixels of the planes whose range is measured, if more than `MAX_SAMPLED_PLANES`."""

MAX_STATISTICS_PLANES = 4
"""Planes whose features are measured: those with the most contrast."""

Plane = tuple[Image, PlaneIndex]


def measure_contrast(
    planes: Sequence[Plane], config: PreprocessConfig, network: Network
) -> FixedContrast | None:
    """Measure what planes have in common.

    Parameters
    ----------
    planes
        The planes; of many, some that are spread evenly over them are read, see
        `images.sample`.
    config
        Preprocessing of the pixels.
    network
        Computes the features.

    Returns
    -------
    FixedContrast or None
        None if no plane has any data.
    """
    measured: list[tuple[ContrastRange, Plane]] = []
    for image, index in spread(planes, _at_most(image for image, _ in planes)):
        found = range_of(image, index, config)
        if found is not None:
            measured.append((found, (image, index)))
    if not measured:
        return None
    joined = join_ranges(found for found, _ in measured)
    # Features of planes without signal tell nothing of what is to be told apart.
    measured.sort(key=lambda one: -float((one[0].high - one[0].low).max()))
    parts = []
    for _, (image, index) in measured[:MAX_STATISTICS_PLANES]:
        values = image.plane(index)
        missing = image.missing_values(values, index)
        pixels = preprocess(values, config, missing=missing, contrast=joined)
        no_data = pixels_without_data(missing)
        valid = None
        if no_data is not None:
            valid = pad_to_stride(~no_data[..., np.newaxis], network.stride)[..., 0]
        part = network.statistics(pad_to_stride(pixels, network.stride), valid)
        if part is None:
            break
        parts.append(part)
    return FixedContrast(joined, pool_statistics(parts) if parts else None)


def range_of(
    image: Image, index: PlaneIndex, config: PreprocessConfig
) -> ContrastRange | None:
    """Measure which values of a plane become black and white; None without data."""
    values = image.plane(index)
    missing = image.missing_values(values, index)
    return measure_range(values, config, missing=missing)


def planes_of(images: Iterable[Image]) -> list[Plane]:
    """List the planes that stand for all planes of some images."""
    return [
        (image, index)
        for image in images
        for index in sample_planes(image, at_most=_at_most([image]))
    ]


def _at_most(images: Iterable[Image]) -> int:
    """Return how many planes are read."""
    pixels = max((prod(image.plane_shape) for image in images), default=1)
    return max(MAX_RANGE_PIXELS // pixels, MAX_SAMPLED_PLANES)

"""Features of images, computed block by block on demand, and kept.

Training, preview and segmentation of a model share one cache, so no feature is computed
twice while there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.features.feature_maps import (
    MAX_WHOLE_PLANE_PIXELS,
    FeatureMaps,
)
from napari_garage_unet.engine.features.statistics import Statistics
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.no_data import may_lack_data, pixels_without_data
from napari_garage_unet.engine.images.preprocess import preprocess
from napari_garage_unet.engine.networks.base import Network, pad_to_stride
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast

from .contrast import measure_contrast, planes_of

BLOCK_SIDE_PIXELS = 512
"""Side of the blocks of a large plane."""

MAX_CACHE_BYTES = 1_500_000_000
"""Bytes of pixels and features that are kept."""


@dataclass(slots=True, eq=False)
class _Plane:
    image: Image  # keeps the image's id from being given to another one
    pixels: NDArray[np.float32]
    statistics: Statistics | None
    no_data: NDArray[np.bool_] | None
    blocks: dict[tuple[int, int], FeatureMaps] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        blocks = sum(
            feature_map.nbytes
            for feature_maps in self.blocks.values()
            for feature_map in feature_maps
        )
        return int(self.pixels.nbytes + blocks)


class FeatureCache:
    """Feature maps of regions of planes.

    Parameters
    ----------
    network
        Computes the features. Networks that differ only in what they have learnt have
        the same features.
    config
        Preprocessing of the pixels.
    contrast
        What the planes had in common that a model has learnt from, for preprocessing
        that takes contrast from there; None if that is not known.
    block
        Side of the blocks in pixels.
    whole
        Planes of at most so many pixels are one block.
    room
        Bytes to keep; the plane that was used longest ago goes first.
    """

    def __init__(
        self,
        network: Network,
        config: PreprocessConfig,
        *,
        contrast: FixedContrast | None = None,
        block: int = BLOCK_SIDE_PIXELS,
        whole: int = MAX_WHOLE_PLANE_PIXELS,
        room: int = MAX_CACHE_BYTES,
    ) -> None:
        self.network = network
        self._config = config
        self._contrast = contrast
        self._of_stacks: dict[int, tuple[Image, FixedContrast | None]] = {}
        self._block = max(block // network.stride, 1) * network.stride
        self._whole = whole
        self._room = room
        self._planes: OrderedDict[tuple[int, PlaneIndex], _Plane] = OrderedDict()

    def region(
        self, image: Image, index: PlaneIndex, rows: slice, columns: slice
    ) -> FeatureMaps:
        """Compute, or find, the feature maps of a region of a padded plane.

        Parameters
        ----------
        image, index
            The plane.
        rows, columns
            The region in pixels; ends are multiples of the network's stride.

        Returns
        -------
        tuple of ndarray
            The values that the feature maps of the whole plane have there.
        """
        plane = self._plane(image, index)
        height, width = plane.pixels.shape[:2]
        side = self._block if height * width > self._whole else max(height, width)
        parts = [
            [
                self._cut(plane, top, left, side, rows, columns)
                for left in range(columns.start // side * side, columns.stop, side)
            ]
            for top in range(rows.start // side * side, rows.stop, side)
        ]
        self._make_room(plane)
        if len(parts) == len(parts[0]) == 1:
            return parts[0][0]
        return tuple(
            np.concatenate([np.concatenate(row, axis=1) for row in grid], axis=0)
            for grid in (
                [[feature_maps[k] for feature_maps in row] for row in parts]
                for k in range(len(parts[0][0]))
            )
        )

    def no_data(self, image: Image, index: PlaneIndex) -> NDArray[np.bool_] | None:
        """Return the ``(H, W)`` pixels of a plane that have no data; None if all have.

        Raises
        ------
        InputError
            If the image is a single plane without any data.
        """
        # The plane will be needed at once, and is read a single time like this.
        return self._plane(image, index).no_data if may_lack_data(image) else None

    def prepare(self, image: Image, index: PlaneIndex) -> Iterator[None]:
        """Compute a plane ahead of demand, one block between two yields.

        Ends early when half of the room is used.
        """
        plane = self._plane(image, index)
        yield
        height, width = plane.pixels.shape[:2]
        side = self._block if height * width > self._whole else max(height, width)
        for top in range(0, height, side):
            for left in range(0, width, side):
                if self._bytes() > self._room // 2:
                    return
                if (top, left) not in plane.blocks:
                    plane.blocks[top, left] = self._compute(plane, top, left, side)
                    yield

    def forget(self, image: Image) -> None:
        """Drop the planes of an image, and the image itself."""
        for key in [key for key in self._planes if key[0] == id(image)]:
            del self._planes[key]

    def _plane(self, image: Image, index: PlaneIndex) -> _Plane:
        key = (id(image), index)
        if key not in self._planes:
            self._planes[key] = self._begin(image, index)
        self._planes.move_to_end(key)
        return self._planes[key]

    def _begin(self, image: Image, index: PlaneIndex) -> _Plane:
        """Preprocess a plane, and compute its features if it is small."""
        network = self.network
        values = image.plane(index)
        missing = image.missing_values(values, index)
        no_data = pixels_without_data(missing)
        valid = None
        if no_data is None:
            pixels = self._preprocess(image, values, missing)
        elif no_data.all():
            if prod(image.spatial_shape) == no_data.size:
                raise InputError(
                    f"{image.name} has no data: all its values are NaN, infinite or "
                    "marked as no data; choose another image."
                )
            pixels = np.zeros(values.shape, np.float32)
        else:
            pixels = self._preprocess(image, values, missing)
            valid = pad_to_stride(~no_data[..., np.newaxis], network.stride)[..., 0]
        pixels = pad_to_stride(pixels, network.stride)
        fixed = self.contrast_of(image)
        if fixed is not None:
            return _Plane(image, pixels, fixed.statistics, no_data)
        if pixels.shape[0] * pixels.shape[1] > self._whole:
            return _Plane(image, pixels, network.statistics(pixels, valid), no_data)
        statistics, feature_maps = network.statistics_and_features(pixels, valid)
        return _Plane(image, pixels, statistics, no_data, {(0, 0): feature_maps})

    def _preprocess(
        self, image: Image, values: NDArray[Any], missing: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        fixed = self.contrast_of(image)
        return preprocess(
            values,
            self._config,
            name=image.name,
            missing=missing,
            contrast=None if fixed is None else fixed.range,
        )

    def contrast_of(self, image: Image) -> FixedContrast | None:
        """Return the contrast of the planes of an image; None for each its own."""
        if self._config.contrast == "training":
            return self._contrast
        if self._config.contrast == "plane":
            return None
        if id(image) not in self._of_stacks:
            found = measure_contrast(planes_of([image]), self._config, self.network)
            given = self._contrast
            if found and given and found.range.is_poor_beside(given.range):
                found = given
            self._of_stacks[id(image)] = image, found
        return self._of_stacks[id(image)][1]

    def _cut(
        self,
        plane: _Plane,
        top: int,
        left: int,
        side: int,
        rows: slice,
        columns: slice,
    ) -> FeatureMaps:
        """Take the part of a block that lies in the region."""
        if (top, left) not in plane.blocks:
            plane.blocks[top, left] = self._compute(plane, top, left, side)
        y = slice(max(rows.start - top, 0), min(rows.stop - top, side))
        x = slice(max(columns.start - left, 0), min(columns.stop - left, side))
        return self._slice(plane.blocks[top, left], y, x)

    def _compute(self, plane: _Plane, top: int, left: int, side: int) -> FeatureMaps:
        height, width = plane.pixels.shape[:2]
        stride = self.network.stride
        radius = -(-self.network.feature_radius // stride) * stride
        y0, x0 = max(top - radius, 0), max(left - radius, 0)
        bottom, right = min(top + side, height), min(left + side, width)
        seen = plane.pixels[y0 : bottom + radius, x0 : right + radius]
        feature_maps = self.network.features(seen, plane.statistics)
        feature_maps = self._slice(
            feature_maps, slice(top - y0, bottom - y0), slice(left - x0, right - x0)
        )
        return tuple(np.ascontiguousarray(feature_map) for feature_map in feature_maps)

    def _slice(self, feature_maps: FeatureMaps, y: slice, x: slice) -> FeatureMaps:
        return tuple(
            feature_map[y.start // s : y.stop // s, x.start // s : x.stop // s]
            for feature_map, s in zip(
                feature_maps, self.network.feature_strides, strict=True
            )
        )

    def _make_room(self, used: _Plane) -> None:
        while len(self._planes) > 1 and self._bytes() > self._room:
            self._planes.popitem(last=False)
        if self._bytes() > self._room:
            used.blocks.clear()

    def _bytes(self) -> int:
        return sum(plane.bytes for plane in self._planes.values())


class FeatureCaches:
    """The cache of the network and preprocessing that were used last.

    It outlives a training, so that the next one and the preview after it find the
    features of images that have not changed.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._cache: FeatureCache | None = None

    def get(
        self,
        network: Network,
        config: PreprocessConfig,
        contrast: FixedContrast | None = None,
    ) -> FeatureCache:
        """Return the cache if it fits, else a new one in its place."""
        key = (network.config, network.n_channels, config, contrast)
        if self._cache is None or key != self._key:
            self._key = key
            self._cache = FeatureCache(network, config, contrast=contrast)
        return self._cache

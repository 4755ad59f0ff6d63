"""Features of images, computed block by block on demand, and kept.

Training, preview and segmentation of a model share one cache, so no feature is computed
twice while there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import (
    MAX_WHOLE_PLANE_PIXELS,
    FeatureMaps,
    Statistics,
)
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.preprocess import preprocess
from napari_garage_unet.engine.networks.base import Network, pad_to_stride

BLOCK_SIDE_PIXELS = 512
"""Side of the blocks of a large plane."""

MAX_CACHE_BYTES = 1_500_000_000
"""Bytes of pixels and features that are kept."""


@dataclass(slots=True, eq=False)
class _Plane:
    image: Image  # keeps the image's id from being given to another one
    pixels: NDArray[np.float32]
    statistics: Statistics | None
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
        block: int = BLOCK_SIDE_PIXELS,
        whole: int = MAX_WHOLE_PLANE_PIXELS,
        room: int = MAX_CACHE_BYTES,
    ) -> None:
        self.network = network
        self._config = config
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

    def _plane(self, image: Image, index: PlaneIndex) -> _Plane:
        key = (id(image), index)
        if key not in self._planes:
            pixels = preprocess(image.plane(index), self._config, name=image.name)
            pixels = pad_to_stride(pixels, self.network.stride)
            if pixels.shape[0] * pixels.shape[1] > self._whole:
                plane = _Plane(image, pixels, self.network.statistics(pixels))
            else:
                statistics, feature_maps = self.network.statistics_and_features(pixels)
                plane = _Plane(image, pixels, statistics, {(0, 0): feature_maps})
            self._planes[key] = plane
        self._planes.move_to_end(key)
        return self._planes[key]

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

    def get(self, network: Network, config: PreprocessConfig) -> FeatureCache:
        """Return the cache if it fits, else a new one in its place."""
        key = (network.config, network.n_channels, config)
        if self._cache is None or key != self._key:
            self._key, self._cache = key, FeatureCache(network, config)
        return self._cache

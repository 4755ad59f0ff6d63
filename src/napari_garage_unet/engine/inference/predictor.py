"""Probabilities of planes, tile by tile, equal to those of the whole plane.

Each tile is computed with a halo as wide as its values depend on the plane, so its core
has the values of the whole plane; at the borders of the plane a tile ends where the
plane does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.image import Image, PlaneIndex, count_channels
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.fixed_contrast import FixedContrast

from .boxes import Box
from .feature_cache import FeatureCache
from .tiles import widen

TILE_SIDE_PIXELS = 512
"""Side of a tile's core: large enough that its halo costs little, small
enough for a laptop's memory and for stopping between two tiles."""

Tile = tuple[slice, slice, NDArray[np.float32]]
"""Where a tile lies in the plane, and its ``(n_classes, h, w)`` probabilities."""


class Predictor:
    """Compute probabilities with one network.

    Parameters
    ----------
    network
        The network.
    config
        Preprocessing of the pixels.
    cache
        The cache of the feature maps; by default a new one.
    contrast
        For a new cache, see there.
    tile
        Side of a tile's core in pixels.
    """

    def __init__(
        self,
        network: Network,
        config: PreprocessConfig,
        *,
        cache: FeatureCache | None = None,
        contrast: FixedContrast | None = None,
        tile: int = TILE_SIDE_PIXELS,
    ) -> None:
        self.network = network
        self._cache = cache or FeatureCache(network, config, contrast=contrast)
        self._tile = max(tile // network.stride, 1) * network.stride

    def tiles(
        self,
        image: Image,
        plane: PlaneIndex = (),
        box: Box | None = None,
        *,
        step: int = 1,
    ) -> Iterator[Tile]:
        """Compute a plane, or a box of it, one tile after the other.

        Parameters
        ----------
        image
            The image.
        plane
            Which plane of it.
        box
            Which part of the plane; None is all of it. A box has the values that the
            whole plane has there.
        step
            Pixels from one value to the next, see `Network.probabilities`; the box
            begins at multiples of it.

        Yields
        ------
        y, x : slice
            Where the tile lies in the plane.
        probabilities : ndarray of shape (n_classes, h / step, w / step), float32
            They sum to 1; where there is no data, all are 0.

        Raises
        ------
        InputError
            If the image has another number of channels than the network, or is a
            single plane without any data.
        """
        check_channels(image, self.network.n_channels)
        height, width = image.plane_shape
        y0, y1, x0, x1 = box or (0, height, 0, width)
        for y in self._cut(y0, y1):
            for x in self._cut(x0, x1):
                yield y, x, self._compute(image, plane, y, x, step)

    def predict_plane(
        self, image: Image, plane: PlaneIndex = ()
    ) -> NDArray[np.float32]:
        """Compute the ``(n_classes, H, W)`` probabilities of a plane."""
        result = np.empty((self.network.n_classes, *image.plane_shape), np.float32)
        for y, x, tile in self.tiles(image, plane):
            result[:, y, x] = tile
        return result

    def forget(self, image: Image) -> None:
        """Give back the memory for features of an image that is done."""
        self._cache.forget(image)

    def _cut(self, start: int, stop: int) -> list[slice]:
        """Cut a span at multiples of the tile; a short end is left with the rest."""
        first = (start // self._tile + 1) * self._tile
        cuts = [start, *range(first, stop, self._tile), stop]
        if len(cuts) > 2 and cuts[-1] - cuts[-2] < self._tile // 2:
            del cuts[-2]
        return [slice(*span) for span in itertools.pairwise(cuts)]

    def _compute(
        self, image: Image, index: PlaneIndex, y: slice, x: slice, step: int
    ) -> NDArray[np.float32]:
        network = self.network
        no_data = self._cache.no_data(image, index)
        if no_data is not None:
            no_data = no_data[y, x][::step, ::step]
            if no_data.all():
                return np.zeros((network.n_classes, *no_data.shape), np.float32)
        height, width = (n + -n % network.stride for n in image.plane_shape)
        top, bottom = widen(y, network.head_radius, network.stride, height)
        left, right = widen(x, network.head_radius, network.stride, width)
        feature_maps = self._cache.region(
            image, index, slice(top, bottom), slice(left, right)
        )
        probabilities = network.probabilities(feature_maps, step=step)
        rows, columns = (
            slice((s.start - first) // step, -(-(s.stop - first) // step))
            for s, first in ((y, top), (x, left))
        )
        tile = probabilities[:, rows, columns]
        if no_data is not None:
            tile = np.where(no_data, np.float32(0), tile)
        return tile


def check_channels(image: Image, n_channels: int) -> None:
    """Raise `InputError` unless the image has the channels a network was made for."""
    if image.n_channels != n_channels:
        raise InputError(
            f"{image.name} has {count_channels(image.n_channels)} and the model was "
            f"trained on images with {count_channels(n_channels)}; choose an image of "
            "that kind or train a model on this one."
        )

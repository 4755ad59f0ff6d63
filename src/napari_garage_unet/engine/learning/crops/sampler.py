"""Draws of training crops around strokes, each class as often as the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import FeatureMaps
from napari_garage_unet.engine.learning.training_plane import TrainingPlane

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Crops of the same places in all feature maps and in the targets.

    Parameters
    ----------
    feature_maps
        ``(batch, side / stride, side / stride, channels)`` each, with its own stride.
    targets
        ``(batch, side, side)`` int32.
    """

    feature_maps: FeatureMaps
    targets: NDArray[np.int32]


class CropSampler:
    """Draws crops that hold strokes.

    A class is drawn first, then one of its stroke pixels, then a crop around it, so a
    class with little paint is seen as often as one with much.

    Parameters
    ----------
    planes
        Planes with at least one labelled pixel between them.
    side
        Side of the crops in pixels; cut down to the smallest plane and to a multiple of
        `stride`.
    stride
        Multiple of the strides of all feature maps, in pixels; crops begin at multiples
        of it.
    rng
        Source of randomness.
    """

    def __init__(
        self,
        planes: Sequence[TrainingPlane],
        *,
        side: int,
        stride: int,
        rng: np.random.Generator,
    ) -> None:
        self._planes = planes
        self._stride = stride
        self._rng = rng
        smallest = min(min(plane.targets.shape) for plane in planes)
        self.side = max(stride, min(side, smallest) // stride * stride)
        places = [np.argwhere(plane.targets) for plane in planes]
        classes = [
            p.targets[at[:, 0], at[:, 1]] for p, at in zip(planes, places, strict=True)
        ]
        numbers = [np.full(len(at), n) for n, at in enumerate(places)]
        self._places = np.concatenate(places)
        self._numbers = np.concatenate(numbers)
        of_pixel = np.concatenate(classes)
        self._pixels_of = [np.flatnonzero(of_pixel == c) for c in np.unique(of_pixel)]

    def draw(self, size: int, *, augment: bool = True) -> Batch:
        """Draw a batch.

        Parameters
        ----------
        size
            Number of crops.
        augment
            Flip, turn, brighten and darken them.
        """
        crops = [self._crop(self._draw_pixel()) for _ in range(size)]
        if augment:
            crops = [
                vary_crop(feature_maps, targets, self._rng)
                for feature_maps, targets in crops
            ]
        feature_maps, targets = zip(*crops, strict=True)
        return Batch(
            tuple(
                np.stack(feature_map) for feature_map in zip(*feature_maps, strict=True)
            ),
            np.stack(targets),
        )

    def _draw_pixel(self) -> int:
        pixels = self._pixels_of[self._rng.integers(len(self._pixels_of))]
        return int(pixels[self._rng.integers(len(pixels))])

    def _crop(self, pixel: int) -> tuple[FeatureMaps, NDArray[np.int32]]:
        plane = self._planes[self._numbers[pixel]]
        # The pixel may lie anywhere in the crop but in its rim, where the network
        # sees little around it.
        rim = min(self.side // 8, (self.side - self._stride) // 2)
        first = -(-(self._places[pixel] - self.side + 1 + rim) // self._stride)
        after = (self._places[pixel] - rim) // self._stride + 1
        last = (np.array(plane.targets.shape) - self.side) // self._stride
        y, x = np.clip(self._rng.integers(first, after), 0, last) * self._stride
        rows, columns = slice(y, y + self.side), slice(x, x + self.side)
        return plane.region(rows, columns), plane.targets[rows, columns]


def vary_crop(
    feature_maps: FeatureMaps, targets: NDArray[np.int32], rng: np.random.Generator
) -> tuple[FeatureMaps, NDArray[np.int32]]:
    """Flip and turn a crop at random and change its brightness and contrast.

    Only for feature maps that are images: flipped features of an encoder are not the
    features of the flipped image.

    Parameters
    ----------
    feature_maps
        Image crops ``(side, side, channels)`` with values from 0 to 1.
    targets
        ``(side, side)``.
    rng
        Source of randomness.
    """
    turns = int(rng.integers(4))
    flip = bool(rng.integers(2))
    contrast = rng.uniform(0.8, 1.25)
    varied = tuple(
        ((_turn(feature_map, turns, flip) - 0.5) * contrast + 0.5 + shift).astype(
            np.float32
        )
        for feature_map in feature_maps
        for shift in (rng.uniform(-0.1, 0.1, feature_map.shape[-1]),)
    )
    return varied, _turn(targets, turns, flip)


def _turn(array: NDArray[Scalar], turns: int, flip: bool) -> NDArray[Scalar]:
    array = np.rot90(array, turns)
    return array[:, ::-1] if flip else array

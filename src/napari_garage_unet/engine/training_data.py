"""What is learnt from: taps of the stroked planes, targets, and held-out crops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .config import ClassInfo, PreprocessConfig
from .features import Taps
from .image import Image, PlaneIndex
from .network import Network, pad_to_stride
from .preprocess import preprocess
from .sampling import TrainingPlane
from .strokes import StrokedPlane, find_strokes


class TrainingData:
    """The stroked planes of some images, as a network wants them.

    Parameters
    ----------
    images
        The images.
    config
        What is done to their pixels.

    Attributes
    ----------
    learnt
        Planes with the strokes that are learnt from.
    validation
        Crops around the held-out strokes; only those strokes are in their targets.
    """

    def __init__(self, images: Sequence[Image], config: PreprocessConfig) -> None:
        self._images = list(images)
        self._config = config
        self._taps: dict[tuple[int, PlaneIndex], Taps] = {}
        self.learnt: list[TrainingPlane] = []
        self.validation: list[TrainingPlane] = []

    def prepare(
        self,
        stroked: Sequence[StrokedPlane],
        network: Network,
        classes: Sequence[ClassInfo],
    ) -> None:
        """Compute taps of planes that are new and lay out the strokes.

        Parameters
        ----------
        stroked
            The planes with strokes.
        network
            Whose taps are needed.
        classes
            In the order of the network's outputs; every painted id is among them.
        """
        lookup = np.zeros(max(info.id for info in classes) + 1, np.int32)
        lookup[[info.id for info in classes]] = np.arange(1, len(classes) + 1)
        self.learnt, self.validation = [], []
        for plane in stroked:
            taps = self._plane_taps(plane, network)
            targets = _pad(lookup[plane.strokes], network.stride)
            held_out = _pad(plane.held_out, network.stride)
            kept = np.where(held_out, 0, targets)
            if kept.any():
                self.learnt.append(TrainingPlane(taps, kept))
            checked = TrainingPlane(taps, np.where(held_out, targets, 0))
            self.validation += crops_around_strokes(checked, network)

    def taps(self, image: Image, index: PlaneIndex) -> Taps | None:
        """Taps of a plane that is learnt from (see `inference.TapCache`)."""
        for number, known in enumerate(self._images):
            if known is image:
                return self._taps.get((number, index))
        return None

    def _plane_taps(self, plane: StrokedPlane, network: Network) -> Taps:
        key = (plane.image, plane.index)
        if key not in self._taps:
            image = self._images[plane.image]
            pixels = preprocess(image.plane(plane.index), self._config, name=image.name)
            self._taps[key] = network.features(pad_to_stride(pixels, network.stride))
        return self._taps[key]


def crops_around_strokes(plane: TrainingPlane, network: Network) -> list[TrainingPlane]:
    """Cut out each stroke of a plane with the surroundings its prediction needs.

    Parameters
    ----------
    plane
        Taps and targets of a whole plane.
    network
        Whose logits will be computed; a logit of the crop equals that of the plane.
    """
    crops = []
    stride, radius = network.stride, network.head_radius
    for _, (y, x), mask in find_strokes(plane.targets):
        (top, bottom), (left, right) = (
            (
                max(span.start - radius, 0) // stride * stride,
                min(-(-(span.stop + radius) // stride) * stride, size),
            )
            for span, size in zip((y, x), plane.targets.shape, strict=True)
        )
        taps = tuple(
            tap[top // s : bottom // s, left // s : right // s]
            for tap, s in zip(plane.taps, network.tap_strides, strict=True)
        )
        targets = np.zeros((bottom - top, right - left), np.int32)
        at = (
            slice(y.start - top, y.stop - top),
            slice(x.start - left, x.stop - left),
        )
        targets[at] = np.where(mask, plane.targets[y, x], 0)
        crops.append(TrainingPlane(taps, targets))
    return crops


def _pad(array: NDArray[np.generic], stride: int) -> NDArray[np.generic]:
    return np.pad(array, [(0, -n % stride) for n in array.shape])

"""What is learnt from, and what is kept to check: strokes beside their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.strokes import StrokedPlane
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.inference.boxes import Box, group_boxes
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.probabilities import quantize

from .losses import balanced_cross_entropy
from .training_plane import ClassCounts, TrainingPlane

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutStroke:
    """A stroke that is not learnt from.

    Parameters
    ----------
    image, index
        On which plane it lies.
    box
        Where on the plane.
    mask
        Its pixels within the box.
    number
        Of its class, in the order of the network's outputs.
    """

    image: Image
    index: PlaneIndex
    box: Box
    mask: NDArray[np.bool_]
    number: int

    @property
    def pixels(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of its pixels on the plane."""
        rows, columns = np.nonzero(self.mask)
        return rows + self.box[0], columns + self.box[2]


@dataclass(frozen=True, slots=True)
class ValidationScore:
    """How well predictions agree with held-out strokes.

    Parameters
    ----------
    loss
        Class-balanced cross entropy.
    accuracy
        Share of the pixels that are right, every class weighing the same.
    answers
        What was said of each pixel.
    """

    loss: float
    accuracy: float
    answers: HeldOutPredictions


def lay_out(
    stroked: Sequence[StrokedPlane],
    images: Sequence[Image],
    classes: Sequence[ClassInfo],
    store: FeatureCache,
) -> tuple[list[TrainingPlane], list[HeldOutStroke]]:
    """Put strokes beside the features they are painted on.

    Parameters
    ----------
    stroked
        The planes with strokes.
    images
        The images they are planes of.
    classes
        In the order of the network's outputs; every painted id is among them.
    store
        Has the features.

    Returns
    -------
    planes
        The planes with all their strokes and with which of them are held out.
    held_out
        The held-out strokes, one by one.
    """
    ids = np.array([info.id for info in classes])
    lookup = np.zeros(ids.max() + 1, np.int32)
    lookup[ids] = np.arange(1, len(ids) + 1)
    # Most classes are numbered as they were made, and large planes take a while.
    is_numbered = np.array_equal(lookup, np.arange(len(ids) + 1))
    stride = store.network.stride
    planes, held_out = [], []
    for plane in stroked:
        image = images[plane.image]
        numbers = plane.strokes if is_numbered else lookup[plane.strokes]
        planes.append(
            TrainingPlane(
                pad(numbers, stride),
                partial(store.region, image, plane.index),
                (plane.image, *plane.index),
                pad(plane.held_out, stride),
                ClassCounts(
                    np.array([plane.pixel_counts.get(i, 0) for i in ids.tolist()]),
                    np.array([plane.stroke_counts.get(i, 0) for i in ids.tolist()]),
                ),
            )
        )
        for stroke in plane.held_out_strokes:
            y, x = stroke.box
            box = (y.start, y.stop, x.start, x.stop)
            number = int(lookup[stroke.class_id]) - 1
            held_out.append(HeldOutStroke(image, plane.index, box, stroke.mask, number))
    return planes, held_out


def compare(
    predictor: Predictor,
    held_out: Sequence[HeldOutStroke],
    classes: Sequence[ClassInfo],
) -> ValidationScore:
    """Compare predictions with held-out strokes.

    Parameters
    ----------
    predictor
        Computes the probabilities.
    held_out
        At least one stroke.
    classes
        In the order of the network's outputs.
    """
    found = _probabilities_of(predictor, held_out)
    sizes = [part.shape[1] for part in found]
    numbers = np.array([stroke.number for stroke in held_out], np.int32)
    probabilities, wanted = np.concatenate(found, axis=1), np.repeat(numbers, sizes)
    predicted = np.log(probabilities.T + 1e-7)
    right = predicted.argmax(axis=1) == wanted
    accuracy = np.mean([right[wanted == k].mean() for k in np.unique(wanted)])
    loss = balanced_cross_entropy(predicted, wanted + 1)
    answers = HeldOutPredictions(
        quantize(probabilities),
        np.array([info.id for info in classes], np.int32)[wanted],
        np.repeat(np.arange(len(held_out), dtype=np.int32), sizes),
    )
    return ValidationScore(float(loss), float(accuracy), answers.thinned())


def _probabilities_of(
    predictor: Predictor, held_out: Sequence[HeldOutStroke]
) -> list[NDArray[np.float32]]:
    """Compute ``(n_classes, n)`` at the pixels of each stroke.

    Strokes that lie close together are computed together.
    """
    network = predictor.network
    found = [
        np.empty((network.n_classes, int(stroke.mask.sum())), np.float32)
        for stroke in held_out
    ]
    of_plane: dict[tuple[int, PlaneIndex], list[int]] = {}
    for number, stroke in enumerate(held_out):
        of_plane.setdefault((id(stroke.image), stroke.index), []).append(number)
    for numbers in of_plane.values():
        boxes = [held_out[number].box for number in numbers]
        first = held_out[numbers[0]]
        for box, members in group_boxes(boxes, network.head_radius):
            for y, x, tile in predictor.tiles(first.image, first.index, box):
                for member in members:
                    number = numbers[member]
                    rows, columns = held_out[number].pixels
                    here = (y.start <= rows) & (rows < y.stop)
                    here &= (x.start <= columns) & (columns < x.stop)
                    at = rows[here] - y.start, columns[here] - x.start
                    found[number][:, here] = tile[:, *at]
    return found


def pad(array: NDArray[Scalar], stride: int) -> NDArray[Scalar]:
    """Pad a plane of strokes as `network.pad_to_stride` pads its image."""
    missing = [-n % stride for n in array.shape]
    return np.pad(array, [(0, n) for n in missing]) if any(missing) else array

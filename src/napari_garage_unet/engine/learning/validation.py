"""Validation: strokes that are held out, and predictions compared with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.strokes import StrokedPlane
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.no_data import no_data_of
from napari_garage_unet.engine.inference.boxes import Box, group_boxes
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.inference.predictor import Predictor
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.probabilities import quantize

from .losses import balanced_cross_entropy
from .training_plane import ClassCounts, TrainingPlane, add_counts

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutStroke:
    """A stroke that predictions are compared with.

    The plain U-Net and the held-out model of the pretrained network do not learn it;
    the pretrained network itself learns every stroke.

    Parameters
    ----------
    image, index
        The plane on which it lies.
    box
        ``(y0, y1, x0, x1)`` in pixels of the plane.
    mask
        ``(y1 - y0, x1 - x0)`` bool, its pixels within the box.
    number
        Number of its class in the order of the network's outputs, from 0.
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
        Class-balanced cross entropy in nats.
    accuracy
        Mean over the classes of the share of pixels that are right, 0 to 1.
    predictions
        The probabilities of each pixel.
    """

    loss: float
    accuracy: float
    predictions: HeldOutPredictions


def lay_out(
    stroked: Sequence[StrokedPlane],
    images: Sequence[Image],
    classes: Sequence[ClassInfo],
    cache: FeatureCache,
) -> tuple[list[TrainingPlane], list[HeldOutStroke]]:
    """Lay the strokes of planes out for a network.

    Parameters
    ----------
    stroked
        Planes with strokes.
    images
        The images they are planes of.
    classes
        All painted classes, in the order of the network's outputs.
    cache
        Features of the images.

    Returns
    -------
    planes
        The planes with all their strokes, held-out ones marked. Strokes where an image
        has no data are left out.
    held_out
        The held-out strokes.

    Raises
    ------
    InputError
        If fewer than two classes are painted where there is data.
    """
    ids = np.array([info.id for info in classes])
    lookup = np.zeros(ids.max() + 1, np.int32)
    lookup[ids] = np.arange(1, len(ids) + 1)
    # Most classes are numbered as they were made, and large planes take a while.
    is_numbered = np.array_equal(lookup, np.arange(len(ids) + 1))
    stride = cache.network.stride
    planes, held_out = [], []
    for plane in stroked:
        image = images[plane.image]
        numbers = plane.strokes if is_numbered else lookup[plane.strokes]
        laid_out = TrainingPlane(
            pad(numbers, stride),
            partial(cache.region, image, plane.index),
            (plane.image, *plane.index),
            pad(plane.held_out, stride),
            ClassCounts(
                np.array([plane.pixel_counts.get(i, 0) for i in ids.tolist()]),
                np.array([plane.stroke_counts.get(i, 0) for i in ids.tolist()]),
            ),
        )
        no_data = no_data_of(image, plane.index)
        if no_data is not None:
            laid_out = _without_strokes_on(laid_out, no_data, stride)
        planes.append(laid_out)
        for stroke in plane.held_out_strokes:
            y, x = stroke.box
            box = (y.start, y.stop, x.start, x.stop)
            number = int(lookup[stroke.class_id]) - 1
            mask = stroke.mask if no_data is None else stroke.mask & ~no_data[y, x]
            if mask.any():
                held_out.append(HeldOutStroke(image, plane.index, box, mask, number))
    _check_that_something_is_left(planes, len(classes))
    return planes, held_out


def _check_that_something_is_left(
    planes: Sequence[TrainingPlane], n_classes: int
) -> None:
    """Raise `InputError` unless two classes are painted where there is data."""
    if all(plane.no_data is None for plane in planes):
        return
    counts = add_counts(plane.count_classes(n_classes) for plane in planes)
    if np.count_nonzero(counts.pixels) < 2:
        raise InputError(
            "All strokes but those of one class lie where the image has no data, and "
            "nothing can be learnt there; paint on pixels that have data."
        )


def _without_strokes_on(
    plane: TrainingPlane, no_data: NDArray[np.bool_], stride: int
) -> TrainingPlane:
    """Return a plane whose strokes where there is no data are not learnt."""
    missing = [(0, -n % stride) for n in no_data.shape]
    padded = np.pad(no_data, missing, mode="symmetric")
    painted = plane.targets[padded].any()
    return dataclasses.replace(
        plane,
        targets=np.where(padded, 0, plane.targets),
        held_out=plane.held_out_mask & ~padded,
        counts=None if painted else plane.counts,
        no_data=padded,
    )


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
        The classes in the order of the network's outputs.
    """
    found = _probabilities_of(predictor, held_out)
    sizes = [part.shape[1] for part in found]
    numbers = np.array([stroke.number for stroke in held_out], np.int32)
    probabilities, wanted = np.concatenate(found, axis=1), np.repeat(numbers, sizes)
    predicted = np.log(probabilities.T + 1e-7)
    right = predicted.argmax(axis=1) == wanted
    accuracy = np.mean([right[wanted == k].mean() for k in np.unique(wanted)])
    loss = balanced_cross_entropy(predicted, wanted + 1)
    predictions = HeldOutPredictions(
        quantize(probabilities),
        np.array([info.id for info in classes], np.int32)[wanted],
        np.repeat(np.arange(len(held_out), dtype=np.int32), sizes),
    )
    return ValidationScore(float(loss), float(accuracy), predictions.thinned())


def _probabilities_of(
    predictor: Predictor, held_out: Sequence[HeldOutStroke]
) -> list[NDArray[np.float32]]:
    """Compute ``(n_classes, n)`` probabilities of the pixels of each stroke.

    Tiles that several strokes lie on are computed once.
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

"""Strokes: what a person painted on images, and which of it is held out to check.

A *stroke* is an 8-connected patch of one class (`stroke_index`). Some strokes are held
out: the network does not learn from them, they tell how well it does (`hold_out`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import ArrayLike, Image, PlaneIndex

from .hold_out import hold_out
from .patches import Stroke
from .stroke_index import StrokeIndex
from .stroke_values import check_ids_of_classes, check_stroke_values


@dataclass(frozen=True, slots=True, eq=False)
class StrokedPlane:
    """One plane that has strokes, as they are at one moment.

    Parameters
    ----------
    image
        Number of the image in the list it came with.
    index
        Position of the plane in that image.
    strokes
        ``(H, W)`` int32, class ids as painted, 0 where nothing is painted.
    held_out
        ``(H, W)`` bool, the pixels of the strokes that are not learnt from.
    held_out_strokes
        Those strokes, in the order of their first pixels.
    pixel_counts
        Painted pixels of each painted class id.
    stroke_counts
        Strokes of each painted class id.
    """

    image: int
    index: PlaneIndex
    strokes: NDArray[np.int32]
    held_out: NDArray[np.bool_]
    held_out_strokes: tuple[Stroke, ...]
    pixel_counts: dict[int, int]
    stroke_counts: dict[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class StrokeEdit:
    """New strokes in a box of an image.

    Parameters
    ----------
    box
        Start and stop along each spatial axis of the image, in the array's order.
    values
        Class ids in the box, 0 where nothing is painted.
    """

    box: tuple[slice, ...]
    values: ArrayLike


class StrokedImages:
    """The strokes of several images, kept plane by plane.

    Parameters
    ----------
    images
        The images; nothing is painted on them at first.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        self._images = list(images)
        self._planes: dict[tuple[int, PlaneIndex], StrokeIndex] = {}

    def replace(self, strokes: Sequence[ArrayLike]) -> None:
        """Replace the strokes of all images.

        Parameters
        ----------
        strokes
            One array of class ids per image, of the image's spatial shape.

        Raises
        ------
        InputError
            If strokes do not fit their image or cannot be class ids; nothing has been
            changed then.
        """
        if len(self._images) != len(strokes):
            raise InputError(
                f"There are {len(self._images)} images but {len(strokes)} strokes "
                "arrays; each image needs its own."
            )
        for image, painted in zip(self._images, strokes, strict=True):
            check_strokes(image, painted)
            check_stroke_values(
                painted, name=f"The strokes of {image.name}", image=image
            )
        for number, (image, painted) in enumerate(
            zip(self._images, strokes, strict=True)
        ):
            whole = tuple(slice(0, length) for length in image.spatial_shape)
            self._edit(number, StrokeEdit(whole, painted))

    def edit(self, number: int, edit: StrokeEdit) -> None:
        """Replace the strokes in a box of an image.

        Parameters
        ----------
        number
            Number of the image in the list.
        edit
            The box, which lies within the image, and what it holds now.

        Raises
        ------
        InputError
            If the values are no class ids; nothing has been changed then.
        """
        name = f"The strokes of {self._images[number].name}"
        check_stroke_values(edit.values, name=name)
        self._edit(number, edit)

    def _edit(self, number: int, edit: StrokeEdit) -> None:
        image = self._images[number]
        for index, box, values in _planes_of(image, edit):
            key = number, index
            if key not in self._planes:
                if not values.any():
                    continue
                self._planes[key] = StrokeIndex(image.plane_shape)
            self._planes[key].replace(box, values)
            if not self._planes[key].patches:
                del self._planes[key]

    def collect(self, *, held_out: float = 0.0) -> list[StrokedPlane]:
        """Take the planes that have strokes as they are now; hold some strokes out.

        Parameters
        ----------
        held_out
            Share of the strokes to hold out, 0 to 0.5, see `hold_out`.

        Raises
        ------
        InputError
            If there are no strokes, all are of one class, or there are too many
            classes.
        """
        planes = sorted(self._planes.items(), key=lambda item: item[0])
        ids = sorted({i for _, strokes in planes for i in strokes.counts})
        check_ids_of_classes(ids, name="The strokes")
        if not ids:
            raise InputError("Nothing is painted yet; paint a stroke of two classes.")
        if len(ids) == 1:
            raise InputError(
                f"All strokes are of class {ids[0]}; paint a stroke of a second class, "
                "so that there is something to tell apart."
            )
        chosen = hold_out(
            [((number, *index), strokes) for (number, index), strokes in planes],
            held_out,
        )
        return [
            _snapshot(*key, strokes, of_plane)
            for (key, strokes), of_plane in zip(planes, chosen, strict=True)
        ]


def check_strokes(image: Image, strokes: ArrayLike) -> None:
    """Raise `InputError` unless `strokes` can belong to `image`."""
    if np.dtype(strokes.dtype).kind not in "bui":
        raise InputError(
            f"The strokes of {image.name} hold values of type {strokes.dtype}; "
            "class ids are whole numbers, so use a Labels layer."
        )
    if tuple(strokes.shape) != image.spatial_shape:
        raise InputError(
            f"{image.name} has shape {image.spatial_shape} without channels and its "
            f"strokes have shape {tuple(strokes.shape)}; "
            "make a new strokes layer for this image."
        )


def collect_strokes(
    images: Sequence[Image], strokes: Sequence[ArrayLike], *, held_out: float = 0.0
) -> list[StrokedPlane]:
    """Find the planes that have strokes and hold some strokes out.

    Parameters
    ----------
    images
        The images.
    strokes
        One array of class ids per image, of the image's spatial shape.
    held_out
        Share of the strokes to hold out, 0 to 0.5, see `hold_out`.

    Returns
    -------
    list of StrokedPlane

    Raises
    ------
    InputError
        If strokes do not fit their image, cannot be class ids, there are none, or all
        are of one class.
    """
    stroked = StrokedImages(images)
    stroked.replace(strokes)
    return stroked.collect(held_out=held_out)


def painted_ids(planes: Sequence[StrokedPlane]) -> list[int]:
    """Class ids that occur in the strokes, in ascending order."""
    return sorted({i for plane in planes for i in plane.pixel_counts})


def _planes_of(
    image: Image, edit: StrokeEdit
) -> Iterator[tuple[PlaneIndex, tuple[slice, slice], NDArray[Any]]]:
    """Cut an edit into planes: position, box of the plane, ``(h, w)`` values."""
    spans = dict(zip(image.spatial_axes, edit.box, strict=True))
    stack = [spans[axis] for axis in image.stack_axes]
    for index in itertools.product(*(range(s.start, s.stop) for s in stack)):
        at = tuple(i - span.start for i, span in zip(index, stack, strict=True))
        yield index, (spans["y"], spans["x"]), image.spatial_plane(edit.values, at)


def _snapshot(
    image: int, index: PlaneIndex, strokes: StrokeIndex, held_out: Sequence[Stroke]
) -> StrokedPlane:
    mask = np.zeros(strokes.plane.shape, bool)
    for stroke in held_out:
        mask[stroke.box] |= stroke.mask
    return StrokedPlane(
        image,
        index,
        strokes.plane,
        mask,
        tuple(held_out),
        strokes.counts,
        strokes.stroke_counts,
    )

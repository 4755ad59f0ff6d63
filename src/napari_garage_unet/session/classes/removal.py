"""Removing classes with their strokes, and taking that back."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList

from .class_list import ClassList


@dataclass(frozen=True, slots=True, eq=False)
class ErasedStrokes:
    """Pixels of a class that were erased in a layer.

    Parameters
    ----------
    layer
        A strokes layer.
    shape
        Its shape then.
    pixels
        Index arrays, one per axis.
    """

    layer: Labels
    shape: tuple[int, ...]
    pixels: tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RemovedClass:
    """A class that was removed.

    Parameters
    ----------
    info
        The class.
    erased
        Its strokes.
    """

    info: ClassInfo
    erased: tuple[ErasedStrokes, ...]

    @property
    def n_pixels(self) -> int:
        """Number of painted pixels that were erased."""
        return sum(part.pixels[0].size for part in self.erased)


class ClassRemovals:
    """Removes classes, and brings them back, the last one first.

    Parameters
    ----------
    images
        The images whose strokes are erased.
    classes
        The classes.

    Attributes
    ----------
    removed
        A class was removed; emitted with its id.
    restored
        A class was brought back; emitted with its id.
    """

    removed = Signal(int)
    restored = Signal(int)

    def __init__(self, images: ImageList, classes: ClassList) -> None:
        self._images = images
        self._classes = classes
        self._stack: list[RemovedClass] = []

    @property
    def last(self) -> RemovedClass | None:
        """The class that `undo` brings back: the newest whose id is not another's."""
        free = (gone for gone in self._stack if gone.info.id not in self._classes)
        return next(reversed(list(free)), None)

    def remove(self, class_id: int) -> None:
        """Remove a class and erase its strokes in all images."""
        if class_id not in self._classes:
            return
        info = self._classes[class_id]
        erased = [
            part
            for annotated in self._images
            if (part := _erase(annotated, class_id)) is not None
        ]
        self._classes.remove(class_id)
        for annotated in self._images:
            if annotated.strokes is not None:
                self._put_brush_down(annotated.strokes, class_id)
        self._stack.append(RemovedClass(info, tuple(erased)))
        self.removed.emit(class_id)

    def undo(self) -> None:
        """Bring the last removed class back, with its strokes where nothing is now."""
        last = self.last
        if last is None:
            return
        self._stack.remove(last)
        self._classes.adopt([self._with_free_name(last.info)])
        for part in last.erased:
            layer = part.layer
            annotated = self._images.of_layer(layer)
            if annotated is None or layer.data.shape != part.shape:
                continue
            is_free = layer.data[part.pixels] == 0
            free = tuple(along[is_free] for along in part.pixels)
            layer.data[free] = last.info.id
            layer.refresh()
            annotated.look_at_all()
        self.restored.emit(last.info.id)

    def _with_free_name(self, info: ClassInfo) -> ClassInfo:
        """Return a class with a number behind its name where another has the name."""
        taken = {other.name for other in self._classes}
        numbered = (f"{info.name} {number}" for number in itertools.count(2))
        names = itertools.chain([info.name], numbered)
        return dataclasses.replace(info, name=next(n for n in names if n not in taken))

    def _put_brush_down(self, layer: Labels, class_id: int) -> None:
        """Select another class in a layer, so that the next dab is not the removed."""
        if layer.selected_label == class_id:
            layer.selected_label = next((info.id for info in self._classes), 1)


def _erase(annotated: AnnotatedImage, class_id: int) -> ErasedStrokes | None:
    annotated.look_at_all()
    layer = annotated.strokes
    if layer is None:
        return None
    if class_id not in annotated.counts:
        return None
    pixels = np.nonzero(layer.data == class_id)
    layer.data[pixels] = 0
    layer.refresh()
    annotated.look_at_all()
    return ErasedStrokes(layer, layer.data.shape, pixels)

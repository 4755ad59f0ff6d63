"""Segmentation of planes of images with the live model or a model file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import (
    free_name,
    insert_quietly,
    labels_dtype,
    write_plane,
)
from napari_garage_unet.process.protocol.messages import LIVE, Event, Failed, Predicted
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.models.models import ModelEntry
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

from .probability_layers import add_probability_layers


@dataclass(frozen=True, slots=True)
class SegmentationOptions:
    """Which planes are segmented, and which layers show them.

    Parameters
    ----------
    all_planes
        Whether the whole stack is segmented, not the plane on view alone.
    labels
        Whether to add a Labels layer with the class ids.
    probabilities
        Whether to add one Image layer per class, 0 to 1.
    """

    all_planes: bool = False
    labels: bool = True
    probabilities: bool = False


@dataclass(slots=True)
class _PlaneRequest:
    """A plane to be segmented, and the layers that show it."""

    annotated: AnnotatedImage
    index: PlaneIndex
    result: Result
    maps: tuple[ImageLayer, ...]


class SegmentationJob:
    """Segments plane after plane; the plane on view comes first.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    link
        The connection to the engine process.
    results
        Gets the results.

    Attributes
    ----------
    changed
        A plane was finished, or the job has begun or ended.
    finished
        Every plane is done; emitted with the results.
    failed
        It broke off; emitted with the `Failed`. Planes that were done stay.
    done, total
        Number of planes that are done, and of all.
    """

    changed = Signal()
    finished = Signal(tuple)
    failed = Signal(Failed)

    def __init__(self, viewer: Any, *, link: EngineLink, results: ResultList) -> None:
        self._viewer = viewer
        self._link = link
        self._results = results
        self._queue: deque[_PlaneRequest] = deque()
        self._model: ModelEntry | None = None
        self._in_flight: int | None = None
        self._made: list[Result] = []
        self._begin = 0.0
        self._generation = 0
        self.done = 0
        self.total = 0

    @property
    def is_running(self) -> bool:
        """Whether planes are being computed."""
        return self._in_flight is not None or bool(self._queue)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds for the rest; None before the first plane is done."""
        if not self.done:
            return None
        return (time.monotonic() - self._begin) / self.done * (self.total - self.done)

    def start(
        self,
        model: ModelEntry,
        images: Sequence[AnnotatedImage],
        options: SegmentationOptions,
    ) -> tuple[Result, ...]:
        """Begin to segment.

        Parameters
        ----------
        model
            The model.
        images
            The images.
        options
            Which planes and layers.

        Returns
        -------
        tuple of Result
            One per image; they fill plane by plane.

        Raises
        ------
        GarageError
            If no layer is asked for, or an image cannot be read or does not fit the
            model; nothing has been added to the viewer then.
        """
        if self.is_running:
            raise InputError("A segmentation is going on; wait for it or cancel it.")
        if not images:
            raise InputError("There is no image; open one to segment it.")
        if not (options.labels or options.probabilities):
            raise InputError("Nothing is to be made; tick labels or probabilities.")
        for annotated in images:
            model.check(annotated.image())
            self._link.open(annotated)
        self._model = model
        self._generation += 1
        self._made = []
        for annotated in images:
            result = self._result_for(annotated, model, options)
            maps = (
                add_probability_layers(self._viewer, annotated, model.classes)
                if options.probabilities
                else ()
            )
            self._made.append(result)
            here = annotated.plane_on_view(self._viewer)
            everything = (
                list(annotated.image().plane_indices()) if options.all_planes else []
            )
            indices = [here, *(i for i in everything if i != here)]
            self._queue.extend(
                _PlaneRequest(annotated, i, result, maps) for i in indices
            )
        self.done, self.total = 0, len(self._queue)
        self._begin = time.monotonic()
        self._next()
        self.changed.emit()
        return tuple(self._made)

    def cancel(self) -> None:
        """Stop segmenting; planes that are done stay."""
        self._queue.clear()
        if self._in_flight is not None:
            self._link.engine.cancel(self._in_flight)
        self.changed.emit()

    def forget(self, annotated: AnnotatedImage) -> None:
        """Leave out the planes of an image that was deleted."""
        kept = deque(
            request for request in self._queue if request.annotated is not annotated
        )
        self.total -= len(self._queue) - len(kept)
        self._queue = kept

    def _next(self) -> None:
        if not self._queue or self._model is None:
            return
        request = self._queue[0]
        model = self._model

        def answered(event: Event, probabilities: NDArray[np.uint8] | None) -> None:
            self._in_flight = None
            is_unreadable = isinstance(event, Failed) and event.unreadable
            if probabilities is None and not is_unreadable:
                self._break_off(event)
                return
            # It may have been cancelled after it was computed; it is valid.
            if self._queue and self._queue[0] is request:
                self._queue.popleft()
            if isinstance(event, Predicted) and probabilities is not None:
                self._take(request, event, probabilities)
            elif isinstance(event, Failed):
                # Other planes are segmented all the same.
                self.failed.emit(event)
            self.done += 1
            if self._queue:
                self._next()
            else:
                self.finished.emit(tuple(self._made))
            self.changed.emit()

        self._in_flight = self._link.engine.predict(
            model.key,
            request.annotated.key,
            n_classes=max(len(model.classes), 2),
            size=request.annotated.image().plane_shape,
            plane=request.index,
            on_answer=answered,
        )
        if len(self._queue) > 1:
            ahead = self._queue[1]
            self._link.engine.read_ahead(ahead.annotated.key, ahead.index)

    def _take(
        self, request: _PlaneRequest, event: Predicted, probabilities: NDArray[np.uint8]
    ) -> None:
        known = {info.id: info for info in request.result.classes}
        request.result.set_classes(
            tuple(known.get(i, ClassInfo(i)) for i in event.classes)
        )
        request.result.put(
            request.index, probabilities, state=(self._generation, event.step)
        )
        image = request.result.image
        key = image.spatial_key(request.index)
        for layer, row in zip(request.maps, probabilities, strict=False):
            plane = (row.T if image.is_transposed else row) / np.float32(255)
            write_plane(layer, key, plane, shape=image.spatial_shape)

    def _break_off(self, event: Event) -> None:
        self._queue.clear()
        if isinstance(event, Failed) and not event.cancelled:
            self.failed.emit(event)
        self.changed.emit()

    def _result_for(
        self, annotated: AnnotatedImage, model: ModelEntry, options: SegmentationOptions
    ) -> Result:
        name = f"{annotated.name} segmentation"
        for result in self._results:
            same = result.annotated is annotated and result.model == model.key
            # A renamed layer is kept; the next segmentation gets its own.
            if same and not result.is_preview and result.name.startswith(name):
                return result
        image = annotated.image()
        layer = make_result_layer(
            annotated.layer,
            np.zeros(image.spatial_shape, labels_dtype(i.id for i in model.classes)),
            name=free_name(self._viewer, name),
            colormap=result_colormap(model.classes),
            classes=model.classes,
            metadata={
                "kind": "segmentation",
                "image": annotated.name,
                "model": "" if model.key == LIVE else model.key,
            },
        )
        result = Result(
            annotated,
            image,
            layer,
            classes=model.classes,
            model=model.key,
            rules=self._results.rules_of(model.key),
        )
        if options.labels:
            insert_quietly(self._viewer, layer, below=annotated.strokes)
            self._results.add(result)
        return result

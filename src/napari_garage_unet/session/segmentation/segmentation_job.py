"""Segmentation of planes of images with the live model or a model file.

It is over 300 lines because planning, asking for planes and giving up images share one
queue.
"""

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
from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.layers.metadata import plugin_metadata
from napari_garage_unet.layers.writing import (
    free_name,
    insert_quietly,
    write_plane,
)
from napari_garage_unet.process.protocol.messages import Event, Failed, Predicted
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.models.models import ModelEntry
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

from .failures import Failures
from .new_result import make_result
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
        A plane or an image cannot be segmented, or all broke off; emitted with the
        `Failed`. What is done stays, and the other images get done.
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
        self._failures = Failures(0)
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
            One per image that can be segmented; they fill plane by plane.

        Raises
        ------
        GarageError
            If no layer is asked for, or no image can be segmented: it cannot be read,
            does not fit the model, or there is no room for its probabilities. Nothing
            has been added to the viewer then.
        """
        if self.is_running:
            raise InputError("A segmentation is going on; wait for it or cancel it.")
        if not images:
            raise InputError("There is no image; open one to segment it.")
        if not (options.labels or options.probabilities):
            raise InputError("Nothing is to be made; tick labels or probabilities.")
        planned: list[tuple[AnnotatedImage, Result, list[PlaneIndex]]] = []
        refused: list[tuple[AnnotatedImage, GarageError]] = []
        for annotated in images:
            try:
                planned.append(self._plan(annotated, model, options))
            except GarageError as problem:
                refused.append((annotated, problem))
        if not planned:
            raise refused[0][1]
        self._model = model
        self._generation += 1
        self._made, self._failures = [], Failures(len(images))
        for annotated, result, indices in planned:
            maps = self._show(annotated, result, model, options)
            self._made.append(result)
            self._queue.extend(
                _PlaneRequest(annotated, i, result, maps) for i in indices
            )
        self.done, self.total = 0, len(self._queue)
        self._begin = time.monotonic()
        for annotated, error in refused:
            event = Failed(None, str(error))
            self.failed.emit(self._failures.add(annotated.name, event))
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

    def on_died(self) -> None:
        """End it; the engine process has died."""
        self._queue.clear()
        self._in_flight = None
        self.changed.emit()

    def _next(self) -> None:
        if not self._queue or self._model is None:
            return
        request = self._queue[0]
        model = self._model

        def answered(event: Event, probabilities: NDArray[np.uint8] | None) -> None:
            if not self._link.is_running:
                return  # `on_died` has ended it
            self._in_flight = None
            if isinstance(event, Failed) and event.cancelled:
                self._queue.clear()
                self.changed.emit()
                return
            # It may have been cancelled after it was computed; it is valid.
            if self._queue and self._queue[0] is request:
                self._queue.popleft()
            self.done += 1
            if isinstance(event, Predicted) and probabilities is not None:
                try:
                    self._take(request, event, probabilities)
                except GarageError as error:
                    self._give_up(request, Failed(None, str(error)))
            elif isinstance(event, Failed) and event.unreadable:
                # Other planes are segmented all the same.
                self.failed.emit(self._failures.add(request.annotated.name, event))
            elif isinstance(event, Failed):
                self._give_up(request, event)
            if self._queue:
                self._next()
            elif self._made:
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
        rows = dict(zip(event.classes, probabilities, strict=False))
        for layer in request.maps:
            row = rows.get(plugin_metadata(layer)["class"])
            if row is None:
                continue  # A class that has left the model meanwhile.
            plane = (row.T if image.is_transposed else row) / np.float32(255)
            write_plane(layer, key, plane, shape=image.spatial_shape)

    def _give_up(self, request: _PlaneRequest, event: Failed) -> None:
        """Leave out the other planes of an image; the other images get done."""
        self.failed.emit(self._failures.add(request.annotated.name, event))
        self.forget(request.annotated)
        if not request.result.planes:
            # Nothing but zeros is in its layers.
            for layer in (request.result.layer, *request.maps):
                if layer in self._viewer.layers:
                    self._viewer.layers.remove(layer)
            self._made = [made for made in self._made if made is not request.result]

    def _plan(
        self, annotated: AnnotatedImage, model: ModelEntry, options: SegmentationOptions
    ) -> tuple[AnnotatedImage, Result, list[PlaneIndex]]:
        """Return what is to be done with an image; adds nothing to the viewer."""
        image = annotated.image()
        model.check(image)
        self._link.open(annotated)
        here = annotated.plane_on_view(self._viewer)
        everything = list(image.plane_indices()) if options.all_planes else []
        indices = [here, *(i for i in everything if i != here)]
        result = self._result_for(annotated, model)
        result.reserve(indices)
        return annotated, result, indices

    def _show(
        self,
        annotated: AnnotatedImage,
        result: Result,
        model: ModelEntry,
        options: SegmentationOptions,
    ) -> tuple[ImageLayer, ...]:
        """Add the layers of a result; return those of the probabilities."""
        if options.labels and result.layer not in self._viewer.layers:
            # The name was free when it was planned.
            result.layer.name = free_name(self._viewer, result.layer.name)
            insert_quietly(self._viewer, result.layer, below=annotated.strokes)
            self._results.add(result)
        if not options.probabilities:
            return ()
        return add_probability_layers(self._viewer, annotated, model.classes)

    def _result_for(self, annotated: AnnotatedImage, model: ModelEntry) -> Result:
        """Return the result of an image that is there already, or make one."""
        name = f"{annotated.name} segmentation"
        for result in self._results:
            same = result.annotated is annotated and result.model == model.key
            # A renamed layer is kept; the next segmentation gets its own.
            if same and not result.is_preview and result.name.startswith(name):
                return result
        return make_result(
            self._viewer, annotated, model, name, self._results.rules_of(model.key)
        )

"""The live preview: a layer that shows what the model being trained makes of a plane.

`schedule` says what to ask the engine for; the `Preview` asks, and shows each answer
where it belongs. There is never more than one request on its way, so an older state
cannot overtake a newer one.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.process.protocol.messages import LIVE, Event, Failed, Predicted
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.live_model import (
    LiveModel,
    LiveModelStore,
    Phase,
)
from napari_garage_unet.session.training.training_job import TrainingJob

from .coverage import Coverage
from .result_layer import add_preview
from .schedule import (
    MAX_PAUSE_SECONDS,
    PAUSE_RATIO,
    LearningState,
    PreviewPart,
    Shown,
    Sweep,
    is_outdated,
    may_ask,
    next_part,
)
from .view import view_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _PreviewRequest:
    """A part that was asked for, of which plane, and of which training."""

    annotated: AnnotatedImage
    index: PlaneIndex
    generation: int
    part: PreviewPart


class Preview:
    """Asks for the next part as soon as the last one was shown; one at a time.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    link
        The connection to the engine process.
    job
        The training of the live model.
    live
        Holds the live model.
    classes
        Names, colours and the background mark.
    results
        Lists the previews, so that they can be tuned.

    Attributes
    ----------
    refreshed
        A part was shown; emitted with the `Result`, the plane and the box.
    failed
        A part cannot be shown; emitted with the `GarageError`.
    """

    refreshed = Signal(object, object, object)
    failed = Signal(object)

    def __init__(
        self,
        viewer: Any,
        *,
        link: EngineLink,
        job: TrainingJob,
        live: LiveModelStore,
        classes: ClassList,
        results: ResultList,
    ) -> None:
        self._viewer = viewer
        self._link = link
        self._job = job
        self._live = live
        self._classes = classes
        self._results = results
        self._in_flight: int | None = None
        self._asked_with = 0
        self._refused: tuple[int, str, PlaneIndex] | None = None
        self._shown = Shown()
        self._sweep = Sweep()
        self._coverage: dict[tuple[str, PlaneIndex], Coverage] = {}
        self._dismissed: set[str] = set()
        self._hidden: list[Any] = []
        results.removed.connect(self._on_removed)
        live.changed.connect(self._on_live)

    @property
    def shown(self) -> int:
        """Number of parts that have been shown."""
        return self._shown.parts

    @property
    def strokes_shown(self) -> int:
        """Number of the newest strokes that something shown has learnt from."""
        return self._shown.strokes

    def ask_next(self, current: AnnotatedImage | None) -> None:
        """Ask for the part that is due unless all shows the latest state already.

        Parameters
        ----------
        current
            The image that is chosen.
        """
        learning, now = self._learning_state(), time.monotonic()
        if self._in_flight is not None:
            if is_outdated(learning, self._shown, asked_with=self._asked_with, now=now):
                self._asked_with = learning.strokes_sent
                self._link.engine.cancel(self._in_flight)
            return
        if current is None or current.key in self._dismissed:
            return
        # Where the image cannot be read, the hint says why.
        can_ask = current.is_readable and self._link.is_running
        if not can_ask or not may_ask(learning, self._shown, now=now):
            return
        index = current.plane_on_view(self._viewer)
        # An image that does not fit the model (other channels) is not asked for again.
        if self._refused == (learning.live.generation, current.key, index):
            return
        try:
            part, self._sweep = next_part(
                self._coverage_of(current, index),
                view_of(self._viewer, current, index),
                learning,
                self._shown,
                self._sweep,
            )
            if part is not None:
                self._link.open(current)
                self._in_flight = self._ask(current, index, part)
        except GarageError as error:
            logger.info("No preview of %s: %s", current.name, error)
            self._refused = (learning.live.generation, current.key, index)

    def compare(self, annotated: AnnotatedImage | None, *, hide: bool) -> None:
        """Hide the preview of an image for a moment, or show it again.

        A preview that was hidden before stays hidden.
        """
        if not hide:
            for layer in self._hidden:
                layer.visible = True
            self._hidden.clear()
            return
        result = self._results.preview_of(annotated) if annotated is not None else None
        if result is not None and result.layer.visible:
            result.layer.visible = False
            self._hidden.append(result.layer)

    def show_again(self) -> None:
        """Allow previews whose layers were deleted, as another model was asked for."""
        self._dismissed.clear()

    def reset(self) -> None:
        """Forget the request on its way; the engine process has died."""
        self._in_flight = None
        self._shown = Shown(
            self._shown.parts, 0, self._shown.at, self._shown.next_preview_at
        )

    # -- what is known ------------------------------------------------------------

    def _learning_state(self) -> LearningState:
        job = self._job
        seconds = job.history.seconds
        return LearningState(
            self._live.now,
            seconds[-1] - seconds[0] if seconds else 0.0,
            job.strokes_sent,
            job.strokes_learnt,
            job.steps_with_strokes,
        )

    def _coverage_of(self, annotated: AnnotatedImage, index: PlaneIndex) -> Coverage:
        key = (annotated.key, index)
        result = self._results.preview_of(annotated)
        is_kept = result is not None and index in result.planes
        if key not in self._coverage or not is_kept:
            self._coverage[key] = Coverage(annotated.image().plane_shape)
        return self._coverage[key]

    def _on_removed(self, result: Result) -> None:
        """Leave out the preview of an image whose layer was deleted by a person."""
        if result.is_preview:
            gone = result.annotated.key
            self._dismissed.add(gone)
            for key in [key for key in self._coverage if key[0] == gone]:
                del self._coverage[key]

    def _on_live(self, now: LiveModel, before: LiveModel) -> None:
        if now.phase is Phase.STARTING and before.phase is not now.phase:
            self._dismissed.clear()

    # -- asking and showing -------------------------------------------------------

    def _ask(
        self, annotated: AnnotatedImage, index: PlaneIndex, part: PreviewPart
    ) -> int:
        live = self._live.now
        request = _PreviewRequest(annotated, index, live.generation, part)
        self._asked_with = self._job.strokes_sent

        def answered(event: Event, probabilities: NDArray[np.uint8] | None) -> None:
            self._in_flight = None
            if isinstance(event, Failed) and event.cancelled:
                return
            if not isinstance(event, Predicted) or probabilities is None:
                self._refused = (request.generation, annotated.key, index)
                return
            # The image may have been closed while the engine computed.
            is_open = annotated.layer in self._viewer.layers and not annotated.is_closed
            if is_open and annotated.key not in self._dismissed:
                try:
                    self._show(request, event, probabilities)
                except GarageError as error:
                    self._refused = (request.generation, annotated.key, index)
                    self.failed.emit(error)

        return self._link.engine.predict(
            LIVE,
            annotated.key,
            n_classes=max(self._classes.n_most, len(live.classes), 2),
            size=annotated.image().plane_shape,
            plane=index,
            box=part.box,
            step=part.step,
            on_answer=answered,
        )

    def _show(
        self,
        request: _PreviewRequest,
        event: Predicted,
        probabilities: NDArray[np.uint8],
    ) -> None:
        annotated, index, part = request.annotated, request.index, request.part
        classes = self._classes_of(event)
        self._live.replace(classes=classes)
        result = self._results.preview_of(annotated) or add_preview(
            self._viewer,
            annotated,
            learnt=classes,
            classes=self._classes,
            results=self._results,
        )
        result.set_classes(classes)
        coverage = self._coverage_of(annotated, index)
        state = (request.generation, event.step)
        now, before = time.monotonic(), self._shown
        next_preview_at = now + min(PAUSE_RATIO * event.seconds, MAX_PAUSE_SECONDS)
        self._shown = Shown(before.parts, before.strokes, before.at, next_preview_at)
        if not result.put(
            index, probabilities, state=state, box=part.box, step=part.step
        ):
            return
        coverage.mark(part.box, state, step=part.step)
        self._shown = Shown(
            before.parts + 1, max(before.strokes, event.strokes), now, next_preview_at
        )
        self.refreshed.emit(result, index, part.box)

    def _classes_of(self, event: Predicted) -> tuple[ClassInfo, ...]:
        self._classes.follow_model(event.classes)
        known = {info.id: info for info in (*self._live.now.classes, *self._classes)}
        return tuple(known.get(i, ClassInfo(i)) for i in event.classes)

"""The live preview: what the model being trained makes of the plane on view.

What is on view comes first, at the resolution of the screen while learning goes on;
what lies outside follows. Each answer is blended in where it belongs, and since there
is never more than one on its way, an older state cannot overtake a newer one.
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
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.view import region_on_view, step_on_view
from napari_garage_unet.layers.writing import free_name, insert_quietly, labels_dtype
from napari_garage_unet.process.protocol.messages import LIVE, Event, Failed, Predicted
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.connection.requests import Box
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.results.result import NOTHING, Result
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.phase import Phase
from napari_garage_unet.session.training.training_job import TrainingJob

from .coverage import SIDE_GLANCE, Coverage, CoverageState

logger = logging.getLogger(__name__)

FIRST_STEP, FIRST_SECONDS = 10, 2.0
"""The first preview shows the state after so many steps, or seconds since the first.

Before, a network says little more than noise.
"""

REST = 1.0
"""How many times as long as the last answer took is left to learning before the next.

A preview costs as much as many steps; without a rest, learning would hardly get on.
"""

LONGEST_REST = 3.0
"""Seconds of learning after which the next preview is asked for at the latest."""

REACTION = 12
"""Steps with a new stroke after which the preview shows what it has changed."""

PATIENCE = 1.5
"""Seconds the preview waits for a new stroke to be learnt; somebody who does not stop
painting is shown the state of before."""


@dataclass(frozen=True, slots=True)
class _PreviewRequest:
    annotated: AnnotatedImage
    index: PlaneIndex
    generation: int
    box: Box
    step: int


class Preview:
    """Asks for the next part as soon as the last one was shown; one at a time.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    link, job
        The engine process and the training it does.
    classes
        Names, colours and the background mark.
    results
        Where the previews are listed as something to tune.

    Attributes
    ----------
    refreshed
        A part was shown; emitted with the `Result`, the plane and the box.
    shown
        How many parts have been shown.
    strokes_shown
        Number of the newest strokes that something shown has learnt from.
    """

    refreshed = Signal(object, object, object)

    def __init__(
        self,
        viewer: Any,
        *,
        link: EngineLink,
        job: TrainingJob,
        classes: ClassList,
        results: ResultList,
    ) -> None:
        self._viewer = viewer
        self._link = link
        self._job = job
        self._classes = classes
        self._results = results
        self._in_flight: int | None = None
        self._asked_with = 0
        self._refused: tuple[int, str, PlaneIndex] | None = None
        self._not_before = 0.0
        self._last_shown = 0.0
        self._round: CoverageState = NOTHING
        self._looks_away = False
        self._covered: dict[tuple[str, PlaneIndex], Coverage] = {}
        self._dismissed: set[str] = set()
        self._hidden: list[Any] = []
        self.shown = 0
        self.strokes_shown = 0
        results.removed.connect(self._on_removed)
        job.changed.connect(self._on_job)

    def ask_next(self, current: AnnotatedImage | None) -> None:
        """Ask for the part that is due unless all shows the latest state already.

        Parameters
        ----------
        current
            The image that is being worked on.
        """
        if self._in_flight is not None:
            self._withdraw_if_outdated()
            return
        if current is None or not self._job.has_model:
            return
        if current.key in self._dismissed or not self._link.is_running:
            return
        # Until the first step the engine answers with the model of before, whose count
        # of steps would be taken for that of the new training.
        if self._job.phase is Phase.STARTING:
            return
        is_news = self._job.strokes_learnt > self.strokes_shown
        if self._job.is_running and self._shall_rest(is_news=is_news):
            return
        index = current.plane_on_view(self._viewer)
        # An image the model cannot see (other channels) is not asked for again.
        if self._refused == (self._job.generation, current.key, index):
            return
        try:
            due = self._next_part(current, index, is_news=is_news)
            if due is not None:
                self._link.open(current)
                self._in_flight = self._ask(current, index, *due)
        except GarageError as error:
            logger.info("no preview of %s: %s", current.name, error)
            self._refused = (self._job.generation, current.key, index)

    def compare(self, annotated: AnnotatedImage | None, *, hide: bool) -> None:
        """Hide the preview of an image for a moment, or show it again.

        One that was hidden before stays as it was.
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
        """Show previews that were deleted; a person has asked for another model."""
        self._dismissed.clear()

    def reset(self) -> None:
        """Forget what was asked; the process has gone."""
        self._in_flight = None
        self.strokes_shown = 0

    def _withdraw_if_outdated(self) -> None:
        """Let a new stroke be learnt at once, not after what is being computed."""
        job = self._job
        if (
            self._in_flight is not None
            and job.strokes_sent > self._asked_with
            and job.is_running
            and time.monotonic() < self._last_shown + PATIENCE
        ):
            self._asked_with = job.strokes_sent
            self._link.engine.cancel(self._in_flight)

    def _shall_rest(self, *, is_news: bool) -> bool:
        job, now = self._job, time.monotonic()
        seconds = job.history.seconds
        if job.step < FIRST_STEP and seconds[-1] - seconds[0] < FIRST_SECONDS:
            return True
        is_learning_it = job.strokes_sent > job.strokes_learnt or (
            is_news and job.steps_with_strokes < REACTION
        )
        if is_learning_it and self.shown:
            return now < self._last_shown + PATIENCE
        return not is_news and now < self._not_before

    def _next_part(
        self, annotated: AnnotatedImage, index: PlaneIndex, *, is_news: bool
    ) -> tuple[Box, int] | None:
        """What to ask for: a box, and how many pixels lie from value to value."""
        covered = self._coverage(annotated, index)
        state = (self._job.generation, self._job.step)
        visible = region_on_view(annotated.layer)
        step = step_on_view(self._viewer, annotated.layer)
        if self._job.is_running:
            is_corrected = is_news and self.shown > 0
            stroke = self._last_stroke(annotated, index) if is_corrected else None
            near = covered.near(stroke, visible) if stroke is not None else None
            if is_news:
                self._round = state
            if near is not None:
                return near, step
            part = self._next_of_round(covered, visible, state, step)
            return None if part is None else (part, step)
        for region, each in ((visible, step), (visible, 1), (covered.whole, 1)):
            part = covered.next_part(region, state, step=each)
            if part is not None:
                return part, each
        return None

    def _next_of_round(
        self, covered: Coverage, visible: Box, state: CoverageState, step: int
    ) -> Box | None:
        """Go round all that is on view, then take one part that is not."""
        part = covered.next_part(visible, self._round, step=step)
        if part is None and self._looks_away:
            self._looks_away = False
            part = covered.next_part(
                covered.whole, self._round, step=step, side=SIDE_GLANCE
            )
        if part is None:
            self._round, self._looks_away = state, True
            part = covered.next_part(visible, state, step=step)
        return part

    def _coverage(self, annotated: AnnotatedImage, index: PlaneIndex) -> Coverage:
        key = (annotated.key, index)
        result = self._results.preview_of(annotated)
        is_kept = result is not None and index in result.planes
        if key not in self._covered or not is_kept:
            self._covered[key] = Coverage(annotated.image().plane_shape)
        return self._covered[key]

    def _last_stroke(self, annotated: AnnotatedImage, index: PlaneIndex) -> Box | None:
        last = annotated.watch.last_box if annotated.watch is not None else None
        image = annotated.image()
        if last is None or last[0] not in ((), image.spatial_key(index)):
            return None
        if len(last[1]) != 2:
            return None
        rows, columns = last[1][::-1] if image.is_transposed else last[1]
        return rows.start, rows.stop, columns.start, columns.stop

    def _on_removed(self, result: Result) -> None:
        """Whoever deletes the preview does not want it back in a moment."""
        if result.is_preview:
            self._dismissed.add(result.annotated.key)
            for key in [key for key in self._covered if key[0] == result.annotated.key]:
                del self._covered[key]

    def _on_job(self) -> None:
        if self._job.phase is Phase.STARTING:
            self._dismissed.clear()

    def _ask(
        self, annotated: AnnotatedImage, index: PlaneIndex, box: Box, step: int
    ) -> int:
        question = _PreviewRequest(annotated, index, self._job.generation, box, step)
        self._asked_with = self._job.strokes_sent

        def answered(event: Event, probabilities: NDArray[np.uint8] | None) -> None:
            self._in_flight = None
            if isinstance(event, Failed) and event.cancelled:
                return
            if not isinstance(event, Predicted) or probabilities is None:
                self._refused = (question.generation, annotated.key, index)
                return
            # The image may have been closed while the engine computed.
            if (
                annotated.layer in self._viewer.layers
                and annotated.key not in self._dismissed
            ):
                self._show(question, event, probabilities)

        return self._link.engine.predict(
            LIVE,
            annotated.key,
            n_classes=max(len(self._classes), len(self._job.classes), 2),
            size=annotated.image().plane_shape,
            plane=index,
            box=box,
            step=step,
            on_answer=answered,
        )

    def _show(
        self,
        question: _PreviewRequest,
        event: Predicted,
        probabilities: NDArray[np.uint8],
    ) -> None:
        annotated, index = question.annotated, question.index
        classes = self._job.classes = self._classes_of(event)
        result = self._results.preview_of(annotated) or self._make(annotated, classes)
        result.set_classes(classes)
        covered = self._coverage(annotated, index)
        state = (question.generation, event.step)
        now = time.monotonic()
        self._not_before = now + min(REST * event.seconds, LONGEST_REST)
        box, step = question.box, question.step
        if not result.put(index, probabilities, state=state, box=box, step=step):
            return
        covered.mark(box, state, step=step)
        self._last_shown = now
        self.shown += 1
        self.strokes_shown = max(self.strokes_shown, event.strokes)
        self.refreshed.emit(result, index, box)

    def _classes_of(self, event: Predicted) -> tuple[ClassInfo, ...]:
        self._classes.follow(event.classes)
        return tuple(self._classes[i] for i in event.classes)

    def _make(
        self, annotated: AnnotatedImage, classes: tuple[ClassInfo, ...]
    ) -> Result:
        image = annotated.image()
        layer = make_result_layer(
            annotated.layer,
            np.zeros(image.spatial_shape, labels_dtype(i.id for i in classes)),
            name=free_name(self._viewer, f"{annotated.name} (preview)"),
            colormap=result_colormap(self._classes),
            classes=tuple(self._classes),
            metadata={"kind": "preview", "image": annotated.name},
        )
        result = Result(
            annotated,
            image,
            layer,
            classes=classes,
            model=LIVE,
            rules=self._results.rules_of(LIVE),
            is_preview=True,
        )
        insert_quietly(self._viewer, layer, below=annotated.strokes)
        self._results.add(result)
        return result

"""The live preview: what the model being trained makes of the plane on view."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.config import ClassInfo
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.image import PlaneIndex
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import free_name, insert_quietly, labels_dtype
from napari_garage_unet.process.messages import LIVE, Event, Predicted

from .bound_image import BoundImage
from .class_list import ClassList
from .engine_link import EngineLink
from .hint import Phase
from .result import Result
from .result_list import ResultList
from .training_job import TrainingJob

logger = logging.getLogger(__name__)

FIRST_STEP, FIRST_SECONDS = 10, 2.0
"""The first preview shows the state after so many steps, or seconds since the first.

Before, a network says little more than noise.
"""

REST = 1.0
"""How many times as long as the last preview took is left to learning before the next.

A preview of the whole plane costs as much as many steps; without a rest, learning
would hardly get on.
"""

LONGEST_REST = 3.0
"""Seconds of learning after which the next preview is asked for at the latest."""


class Preview:
    """Asks for the next picture as soon as the last one was shown; one at a time.

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
    shown
        How many pictures have been shown.
    """

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
        self._refused: tuple[int, str, PlaneIndex] | None = None
        self._not_before = 0.0
        self._dismissed: set[str] = set()
        self.shown = 0
        results.removed.connect(self._on_removed)
        job.changed.connect(self._on_job)

    def ask_next(self, current: BoundImage | None) -> None:
        """Ask for the plane on view unless it shows the latest state already.

        Parameters
        ----------
        current
            The image that is being worked on.
        """
        if current is None or self._in_flight is not None or not self._job.has_model:
            return
        if current.key in self._dismissed:
            return
        if not self._link.is_running:
            return
        if self._job.is_running and self._shall_rest():
            return
        result = self._results.preview_of(current)
        index = current.plane_on_view(self._viewer)
        state = (self._job.generation, self._job.step)
        if result is not None and result.state_of(index) >= state:
            return
        # An image the model cannot see (other channels) is not asked for again.
        if self._refused == (self._job.generation, current.key, index):
            return
        try:
            self._link.open(current)
            self._in_flight = self._ask(current, index)
        except GarageError as error:
            logger.info("no preview of %s: %s", current.name, error)
            self._refused = (self._job.generation, current.key, index)

    def reset(self) -> None:
        """Forget what was asked; the process has gone."""
        self._in_flight = None

    def _shall_rest(self) -> bool:
        seconds = self._job.history.seconds
        young = self._job.step < FIRST_STEP and seconds[-1] - seconds[0] < FIRST_SECONDS
        return young or time.monotonic() < self._not_before

    def _on_removed(self, result: Result) -> None:
        """Whoever deletes the preview does not want it back in a moment."""
        if result.is_preview:
            self._dismissed.add(result.bound.key)

    def _on_job(self) -> None:
        if self._job.phase is Phase.STARTING:
            self._dismissed.clear()

    def _ask(self, bound: BoundImage, index: PlaneIndex) -> int:
        generation = self._job.generation
        image = bound.image()

        def answered(event: Event, probabilities: NDArray[np.uint8] | None) -> None:
            self._in_flight = None
            if not isinstance(event, Predicted) or probabilities is None:
                self._refused = (generation, bound.key, index)
                return
            # The image may have been closed while the engine computed.
            if bound.layer not in self._viewer.layers or bound.key in self._dismissed:
                return
            classes = self._job.classes = self._classes_of(event)
            result = self._results.preview_of(bound) or self._make(bound, classes)
            result.set_classes(classes)
            rest = min(REST * event.seconds, LONGEST_REST)
            self._not_before = time.monotonic() + rest
            if result.put(index, probabilities, state=(generation, event.step)):
                self.shown += 1

        return self._link.engine.predict(
            LIVE,
            bound.key,
            n_classes=max(len(self._classes), len(self._job.classes), 2),
            size=image.plane_shape,
            plane=index,
            on_answer=answered,
        )

    def _classes_of(self, event: Predicted) -> tuple[ClassInfo, ...]:
        self._classes.follow(event.classes)
        return tuple(self._classes[i] for i in event.classes)

    def _make(self, bound: BoundImage, classes: tuple[ClassInfo, ...]) -> Result:
        image = bound.image()
        layer = make_result_layer(
            bound.layer,
            np.zeros(image.spatial_shape, labels_dtype(i.id for i in classes)),
            name=free_name(self._viewer, f"{bound.name} (preview)"),
            colormap=result_colormap(self._classes),
            classes=tuple(self._classes),
            metadata={"kind": "preview", "image": bound.name},
        )
        result = Result(
            bound,
            image,
            layer,
            classes=classes,
            model=LIVE,
            rules=self._results.rules_of(LIVE),
            is_preview=True,
        )
        insert_quietly(self._viewer, layer, below=bound.strokes)
        self._results.add(result)
        return result

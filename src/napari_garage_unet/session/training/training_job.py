"""Learning from the strokes of a session, from the press of a button to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.protocol.messages import (
    Event,
    Failed,
    Progress,
    Trained,
)
from napari_garage_unet.project.safe_files import copy_file
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .history import History
from .phase import Phase


@dataclass(frozen=True, slots=True)
class Settings:
    """How to learn. None lets the engine choose for the image at hand."""

    preprocess: PreprocessConfig | None = None
    network: NetworkConfig | None = None
    training: TrainingConfig = field(default_factory=TrainingConfig)


class TrainingJob:
    """Starts, follows and stops the training of the live model.

    Parameters
    ----------
    link
        The engine process.
    checkpoint
        Gives the file the engine keeps up to date, for the case that it dies.

    Attributes
    ----------
    changed
        The phase is another.
    progressed
        A step was taken.
    ended
        Training is over; emitted with `Trained`.
    failed
        It could not begin or broke off; emitted with `Failed`.
    phase, history, generation, step
        What is going on; the curves; how many trainings there were; the last step.
    classes
        What the live model was asked to learn, empty before the first training.
    images
        The images being learnt from.
    last
        How the last training has ended.
    broke_off
        Whether the last training has ended without being asked to.
    strokes_sent, strokes_learnt
        Number of the newest strokes that were sent, and that were learnt from.
    steps_with_strokes
        How many steps were taken with the newest that were learnt from.
    resumed
        Whether the last training went on from what was learnt before.
    """

    changed = Signal()
    progressed = Signal(Progress)
    ended = Signal(Trained)
    failed = Signal(Failed)

    def __init__(self, link: EngineLink, *, checkpoint: Callable[[], Path]) -> None:
        self._link = link
        self._checkpoint = checkpoint
        self._id: int | None = None
        self._settings: Settings | None = None
        self._sent: dict[str, int] = {}
        self._unanswered: set[str] = set()
        self._lost = False
        self.broke_off = False
        self.resumed = False
        self.phase = Phase.IDLE
        self.history = History()
        self.generation = 0
        self.step = 0
        self.classes: tuple[ClassInfo, ...] = ()
        self.images: tuple[AnnotatedImage, ...] = ()
        self.last: Trained | None = None
        self.strokes_sent = self.strokes_learnt = self.steps_with_strokes = 0
        link.progressed.connect(self._on_progress)

    @property
    def checkpoint(self) -> Path:
        """Where the engine keeps what it has learnt, for the case that it dies."""
        return self._checkpoint()

    @property
    def is_running(self) -> bool:
        """Whether training goes on or is about to."""
        return self.phase is not Phase.IDLE

    @property
    def has_model(self) -> bool:
        """Whether there is a live model that can be asked."""
        return self.step > 0 and not self._lost

    @property
    def can_resume(self) -> bool:
        """Whether there is something to go on from."""
        return self.step > 0 and (not self._lost or self.checkpoint.exists())

    def start(
        self,
        images: Sequence[AnnotatedImage],
        classes: Sequence[ClassInfo],
        settings: Settings,
        *,
        resume: bool = True,
    ) -> None:
        """Start learning.

        Parameters
        ----------
        images
            The images, each with strokes.
        classes
            The classes that are painted.
        settings
            How to learn.
        resume
            Go on from what was learnt, unless the network or the preprocessing is
            to be another.

        Raises
        ------
        GarageError
            If the images cannot be read or given to the engine; nothing has changed.
        """
        if self.is_running:
            return
        for annotated in images:
            self._link.open(annotated)
        resume = resume and self.can_resume and self._same_model(settings)
        for annotated in images:
            self.send_strokes(annotated, force=True)
        if not resume:
            self.history = History()
            self.step = 0
        start_from = str(self.checkpoint) if resume and self._lost else None
        self.generation += 1
        self._settings = settings
        self.images = tuple(images)
        self.classes = tuple(classes)
        self._lost = False
        self.resumed = resume
        self._id = self._link.engine.train(
            [annotated.key for annotated in images],
            classes=[to_json(info) for info in classes],
            preprocess=_json(settings.preprocess),
            network=_json(settings.network),
            training=to_json(settings.training),
            resume=resume and start_from is None,
            start_from=start_from,
            checkpoint=str(self.checkpoint),
            on_answer=self._on_answer,
        )
        self._set_phase(Phase.STARTING)

    def stop(self) -> None:
        """End training after the step that is running."""
        if self.phase in (Phase.STARTING, Phase.LEARNING):
            self._set_phase(Phase.STOPPING)
            self._link.engine.stop()

    def is_behind(self, annotated: AnnotatedImage) -> bool:
        """Whether the engine has older strokes of an image."""
        watch = annotated.watch
        return watch is not None and self._sent.get(annotated.key) != watch.version

    def send_strokes(self, annotated: AnnotatedImage, *, force: bool = False) -> bool:
        """Give the engine the strokes of an image where they changed.

        At most one transfer per image is on its way.

        Returns
        -------
        bool
            Whether something was sent.
        """
        watch = annotated.watch
        if watch is None or (annotated.key in self._unanswered and not force):
            return False
        if not force and not self.is_behind(annotated):
            return False
        self._sent[annotated.key] = watch.version
        self._unanswered.add(annotated.key)

        def answered(event: Event) -> None:
            self._unanswered.discard(annotated.key)
            if isinstance(event, Failed):
                self.failed.emit(event)

        self.strokes_sent = self._link.engine.set_strokes(
            annotated.key, watch.seen, on_answer=answered
        )
        return True

    def on_died(self) -> None:
        """Remember that the live model has gone with the process."""
        self._lost = True
        self._unanswered.clear()
        self._sent.clear()

    @property
    def settings(self) -> Settings:
        """What the live model was asked to be."""
        return self._settings or Settings()

    def use(
        self,
        path: Path,
        classes: Sequence[ClassInfo],
        settings: Settings,
        *,
        last: Trained,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a model file the live model; the next training goes on from it.

        Parameters
        ----------
        path
            The file.
        classes, settings
            What it tells apart, and what it was asked to be.
        last
            How the training that made it has ended.
        on_refused
            Called when the engine cannot; the live model is the former one then.
        """
        if self.is_running:
            raise GarageError("Learning goes on; stop it first.")
        before = self.classes, self._settings, self.step, self.last

        def answered(event: Event) -> None:
            if isinstance(event, Failed):
                self.classes, self._settings, self.step, self.last = before
                self.generation += 1
                on_refused()
                self.failed.emit(event)
                self.changed.emit()
            elif path != self.checkpoint:
                # Only now: the engine may have kept a later state meanwhile.
                try:
                    copy_file(path, self.checkpoint)
                except InputError as error:
                    self.failed.emit(Failed(None, str(error)))

        steps = max(last.steps, 1)
        self._link.engine.use_model(str(path), step=steps, on_answer=answered)
        self.classes = tuple(classes)
        self._settings = settings
        self.step = steps
        self.last = last
        self.generation += 1
        self._lost = False
        self.broke_off = False
        self.changed.emit()

    def start_over(self) -> None:
        """Let the next training begin from nothing."""
        self.step = 0
        self.last = None
        self.history = History()
        self.changed.emit()

    def _same_model(self, settings: Settings) -> bool:
        before = self._settings
        return before is None or (
            before.network == settings.network
            and before.preprocess == settings.preprocess
        )

    def _on_progress(self, progress: Progress) -> None:
        if progress.id != self._id:
            return
        self.step = progress.step
        if progress.strokes != self.strokes_learnt:
            self.strokes_learnt, self.steps_with_strokes = progress.strokes, 0
        self.steps_with_strokes += 1
        self.history.add(progress)
        if self.phase is Phase.STARTING:
            self._set_phase(Phase.LEARNING)
        self.progressed.emit(progress)

    def _on_answer(self, event: Event) -> None:
        self.broke_off = not isinstance(event, Trained)
        self._set_phase(Phase.IDLE)
        if isinstance(event, Trained):
            self.last = event
            self.step = max(self.step, event.steps)
            # What is kept may be an earlier, better state than the last one shown.
            self.generation += 1
            self.ended.emit(event)
        elif isinstance(event, Failed):
            self.failed.emit(event)
        else:
            raise GarageError(f"The engine gave an unexpected answer: {event!r}")

    def _set_phase(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.changed.emit()


def _json(config: Any) -> dict[str, Any]:
    return {} if config is None else to_json(config)

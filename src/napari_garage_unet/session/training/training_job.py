"""Training of the live model, from the press of a button to its end.

It is over 300 lines because every change that training makes to the live model is made
here, so that no two places disagree about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.engine.models.made_for import MadeFor
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.protocol.messages import (
    Event,
    Failed,
    Progress,
    StrokesNeeded,
    Trained,
)
from napari_garage_unet.project.safe_files import copy_file
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .history import History
from .live_model import LiveModelStore, Phase, Restored
from .settings import Settings


class TrainingJob:
    """Starts, follows and stops the training of the live model.

    Parameters
    ----------
    link
        The connection to the engine process.
    live
        Holds the live model; every change of it by training is made here.
    checkpoint
        Returns the path of the file that the engine keeps up to date while it trains,
        from which learning resumes after the process has died.

    Attributes
    ----------
    progressed
        A step was taken; emitted with its `Progress`.
    ended
        Training has ended as it should; emitted with its `Trained`.
    failed
        Training could not begin or broke off, or strokes were refused; emitted with
        the `Failed`.
    history
        The curves of the present training and of those it resumes.
    images
        The images of the present or last training.
    strokes_sent, strokes_learnt
        Number of the newest strokes that were sent, and of those learnt from.
    steps_with_strokes
        Steps taken with the newest strokes learnt from.
    """

    progressed = Signal(Progress)
    ended = Signal(Trained)
    failed = Signal(Failed)

    def __init__(
        self, link: EngineLink, live: LiveModelStore, *, checkpoint: Callable[[], Path]
    ) -> None:
        self._link = link
        self._live = live
        self._checkpoint = checkpoint
        self._id: int | None = None
        self._sent: dict[str, int] = {}
        self._unanswered: set[str] = set()
        self.history = History()
        self.images: tuple[AnnotatedImage, ...] = ()
        self.strokes_sent = self.strokes_learnt = self.steps_with_strokes = 0
        link.progressed.connect(self._on_progress)

    @property
    def checkpoint(self) -> Path:
        """Where the engine keeps what it has learnt, for the case that it dies."""
        return self._checkpoint()

    @property
    def can_resume(self) -> bool:
        """Whether there is something learnt to go on from."""
        live = self._live.now
        return live.step > 0 and (not live.is_lost or self.checkpoint.exists())

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
        live = self._live.now
        if live.is_running:
            return
        for annotated in images:
            self._link.open(annotated)
        same = live.settings is None or live.settings.builds_like(settings)
        resume = resume and self.can_resume and same
        for annotated in images:
            self.send_strokes(annotated, force=True)
        start_from = str(self.checkpoint) if resume and live.is_lost else None
        made_for = MadeFor.of([annotated.image() for annotated in images])
        self._id = self._link.engine.train(
            [annotated.key for annotated in images],
            classes=[to_json(info) for info in classes],
            preprocess=_json(settings.preprocess),
            network=_json(settings.network),
            training=to_json(settings.training),
            resume=resume and start_from is None,
            start_from=start_from,
            checkpoint=str(self.checkpoint),
            made_for=made_for.to_json(),
            on_answer=self._on_answer,
        )
        self.images = tuple(images)
        if not resume:
            self.history = History()
        self._live.replace(
            phase=Phase.STARTING,
            generation=live.generation + 1,
            step=live.step if resume else 0,
            is_lost=False,
            classes=tuple(classes),
            settings=settings,
            axes=images[0].image().axes,
            made_for=made_for,
            total_steps=live.total_steps if resume else 0,
            total_seconds=live.total_seconds if resume else 0.0,
            version="",
            has_new_strokes=False,
        )

    def stop(self) -> None:
        """End training after the step that is running."""
        if self._live.now.phase in (Phase.STARTING, Phase.LEARNING):
            self._live.replace(phase=Phase.STOPPING)
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
        sent = self._sent.get(annotated.key)
        changed = None if force or sent is None else watch.changed_since(sent)
        self._sent[annotated.key] = watch.version
        self._unanswered.add(annotated.key)

        def answered(event: Event) -> None:
            self._unanswered.discard(annotated.key)
            if isinstance(event, Failed):
                self.failed.emit(event)
            elif isinstance(event, StrokesNeeded):
                self._sent.pop(annotated.key, None)  # All of them, with the next poll.

        self.strokes_sent = self._link.engine.set_strokes(
            annotated.key,
            watch.seen,
            changed=changed,
            positions=watch.painted_positions if changed is None else None,
            on_answer=answered,
        )
        return True

    def on_died(self) -> None:
        """Take note that the live model has gone with the engine process."""
        self._live.replace(is_lost=True)
        self._unanswered.clear()
        self._sent.clear()

    def use(
        self,
        path: Path,
        classes: Sequence[ClassInfo],
        settings: Settings,
        *,
        origin: Trained | Restored,
        version: str = "",
        total_steps: int,
        total_seconds: float,
    ) -> None:
        """Make a model file the live model; the next training resumes from it.

        When the engine refuses the file, the former live model stays.

        Parameters
        ----------
        path
            The model file.
        classes, settings
            Its classes, and what it was asked to be.
        origin
            How the model came to rest; its steps become the live model's step.
        version
            Id of the version it is; empty for a checkpoint.
        total_steps, total_seconds
            Steps and seconds of all trainings that led to it.

        Raises
        ------
        GarageError
            If training is going on.
        """
        before = self._live.now
        if before.is_running:
            raise GarageError("Learning goes on; stop it first.")

        def answered(event: Event) -> None:
            if isinstance(event, Failed):
                self._live.replace(
                    classes=before.classes,
                    settings=before.settings,
                    step=before.step,
                    origin=before.origin,
                    total_steps=before.total_steps,
                    total_seconds=before.total_seconds,
                    version="",
                    generation=self._live.now.generation + 1,
                )
                self.failed.emit(event)
            elif path != self.checkpoint:
                # Only now: the engine may have kept a later state meanwhile.
                try:
                    copy_file(path, self.checkpoint)
                except GarageError as error:
                    self.failed.emit(Failed(None, str(error)))

        step = max(origin.steps, 1)
        self._link.engine.use_model(str(path), step=step, on_answer=answered)
        self._live.replace(
            phase=Phase.IDLE,
            generation=before.generation + 1,
            step=step,
            is_lost=False,
            classes=tuple(classes),
            settings=settings,
            axes="",
            made_for=MadeFor(),
            origin=origin,
            total_steps=total_steps,
            total_seconds=total_seconds,
            version=version,
        )

    def start_over(self) -> None:
        """Let the next training begin from nothing."""
        self.history = History()
        self._live.replace(step=0, origin=None, has_new_strokes=True)

    def _on_progress(self, progress: Progress) -> None:
        if progress.id != self._id:
            return
        if progress.strokes != self.strokes_learnt:
            self.strokes_learnt, self.steps_with_strokes = progress.strokes, 0
        self.steps_with_strokes += 1
        self.history.add(progress)
        phase = self._live.now.phase
        self._live.replace(
            step=progress.step,
            phase=Phase.LEARNING if phase is Phase.STARTING else phase,
        )
        self.progressed.emit(progress)

    def _on_answer(self, event: Event) -> None:
        live = self._live.now
        match event:
            case Trained():
                seconds = event.seconds if event.steps > 0 else 0.0
                self._live.replace(
                    phase=Phase.IDLE,
                    # The state that is kept may be an earlier, better one than the
                    # last one shown.
                    generation=live.generation + 1,
                    step=max(live.step, event.steps),
                    origin=event,
                    classes=_classes_of(event, live.classes),
                    total_steps=live.total_steps + event.steps,
                    total_seconds=live.total_seconds + seconds,
                )
                self.ended.emit(event)
            case Failed():
                self._live.replace(phase=Phase.BROKEN_OFF, next_version=None)
                self.failed.emit(event)
            case _:
                self._live.replace(phase=Phase.BROKEN_OFF, next_version=None)
                raise GarageError(f"The engine gave an unexpected answer: {event!r}")


def _classes_of(trained: Trained, known: Sequence[ClassInfo]) -> tuple[ClassInfo, ...]:
    """Return the classes of the model, which may have come and gone while it learnt."""
    by_id = {info.id: info for info in known}
    ids = trained.classes or tuple(by_id)
    return tuple(by_id.get(i, ClassInfo(i)) for i in ids)


def _json(config: Any) -> dict[str, Any]:
    return {} if config is None else to_json(config)

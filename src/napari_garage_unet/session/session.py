"""What the docks of one viewer may show and ask for. No Qt.

Docks come and go; the session stays as long as its viewer. Its parts are made in
`assembly` and tied together in `reactions`. `Session.poll` has to be called some thirty
times a second on the main thread. It is over 300 lines because each thing that a dock
can ask for is a method here.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.axes import unclear_axes
from napari_garage_unet.project.description import SavedVersion

from .assembly import assemble
from .connection.client import Client
from .connection.state import Engine
from .guidance.hint import hint
from .guidance.ui_state import MIN_PIXELS_OF_CLASS, UiState
from .models.models import ModelEntry
from .persistence.recovery import Recovery
from .problems import Problem
from .reactions import Reactions, SessionSignals
from .results.result import Result
from .segmentation.segmentation_job import SegmentationOptions
from .training.live_model import LiveModel, Phase
from .training.settings import Settings


class Session(SessionSignals):
    """What the docks of one viewer share.

    Parameters
    ----------
    viewer
        A `ViewerModel`, not a proxy of one.
    make_client
        Makes the client of the engine process when it is first needed.
    """

    def __init__(self, viewer: Any, make_client: Callable[[], Client]) -> None:
        # Weakly: the session must not keep the viewer it belongs to.
        viewer = weakref.proxy(viewer)
        parts = assemble(viewer, make_client)
        self._closed = False
        self._parts = parts
        self.viewer = viewer
        self.auto_training = parts.auto_training
        self.classes = parts.classes
        self.corrections = parts.corrections
        self.error_reporter = parts.error_reporter
        self.guidance = parts.guidance
        self.images = parts.images
        self.job = parts.job
        self.keeper = parts.keeper
        self.link = parts.link
        self.models = parts.models
        self.objects = parts.objects
        self.preview = parts.preview
        self.results = parts.results
        self.seeds = parts.seeds
        self.segmentation = parts.segmentation
        self.tasks = parts.tasks
        self.tuner = parts.tuner
        self.versions = parts.versions
        self.removals = parts.removals
        self._reactions = Reactions(viewer, parts, self)

    # -- what there is ------------------------------------------------------------

    @property
    def live(self) -> LiveModel:
        """The live model at this moment: what it is and what training does with it."""
        return self._parts.live.now

    @property
    def recovery(self) -> Recovery:
        """Saved projects of images that are open."""
        return self.keeper.recovery

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels by class id, in all images that are learnt from."""
        return self.auto_training.counts

    @property
    def problem(self) -> Problem | None:
        """What went wrong last; None when nothing did."""
        return self.error_reporter.problem

    @property
    def settings(self) -> Settings:
        """The settings of the next training."""
        return self.auto_training.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.auto_training.settings = settings

    @property
    def learns_by_itself(self) -> bool:
        """Whether training starts with each new stroke, without a request."""
        return self.auto_training.by_itself

    @learns_by_itself.setter
    def learns_by_itself(self, wanted: bool) -> None:
        self.auto_training.by_itself = wanted
        self.changed.emit()

    @property
    def ui_state(self) -> UiState:
        """What hints and buttons depend on."""
        counts, current = self.counts, self.images.current
        few = [
            i
            for i, n in counts.items()
            if n < MIN_PIXELS_OF_CLASS and i in self.classes
        ]
        return UiState(
            live=self.live,
            engine=self.link.state,
            has_image=current is not None,
            unclear_axes="" if current is None else unclear_axes(current.layer),
            has_strokes_layer=current is not None and current.strokes is not None,
            painted_classes=len(counts),
            few=self.classes[few[0]].name if few else "",
            by_itself=self.learns_by_itself,
        )

    @property
    def hint(self) -> str:
        """The one next thing to do, or what went wrong."""
        current = self.images.current
        notes = () if current is None else current.notes
        return self.problem_or(lambda: " ".join((hint(self.ui_state), *notes)))

    def problem_or(self, make_hint: Callable[[], str]) -> str:
        """Return what went wrong; without a problem, a hint.

        Parameters
        ----------
        make_hint
            Returns the sentence that is shown while there is no problem.
        """
        return self.problem.message if self.problem else make_hint()

    # -- what can be done ---------------------------------------------------------

    def warm_up(self) -> None:
        """Start the engine process unless it runs, before it is needed."""
        if self.link.state is Engine.OFF:
            self.error_reporter.run(self.link.start)

    def restart(self) -> None:
        """Start the engine process again, and resume a training that broke off."""
        self.clear_problem()
        self.error_reporter.run(self._restart)

    def learn(self, *, resume: bool = True) -> bool:
        """Start learning from every image that has strokes.

        Returns
        -------
        bool
            Whether it was started; otherwise `problem` says why not.
        """
        return self.auto_training.request(resume=resume)

    def stop(self) -> None:
        """Stop learning after the step that is running."""
        self.error_reporter.run(self.job.stop)

    def start_over(self) -> None:
        """Let the next training begin from nothing; strokes stay."""
        self.job.start_over()

    def restore_version(self, version: SavedVersion) -> None:
        """Make a saved version the live model; what was being learnt is saved first."""
        self.clear_problem()
        self.error_reporter.run(self._restore_version, version)

    def restore_project(self) -> None:
        """Restore strokes, classes, settings and versions of `recovery.recoverable`."""
        self.error_reporter.run(self.recovery.restore)

    def discard_recoverable(self) -> None:
        """Delete the saved project `recovery.recoverable`."""
        self.error_reporter.run(self.recovery.forget)

    def new_strokes(self) -> None:
        """Add an empty strokes layer for the current image."""
        self.error_reporter.run(self._parts.painting.make_layer)

    def take_over_strokes(self, *, by_index: bool = False) -> None:
        """Make strokes of the paint of a layer that lies elsewhere than its image.

        Parameters
        ----------
        by_index
            Whether it goes to the pixels of the same index, not to those it is seen on.
        """
        self.clear_problem()
        self.error_reporter.find(
            lambda: self._parts.painting.take_over(by_index=by_index)
        )

    def decline_strokes(self) -> None:
        """Leave a layer that was refused as strokes where it is."""
        self.clear_problem()
        self.images.decline()

    def choose_strokes(self, layer: Labels | None) -> bool:
        """Use a layer for the strokes of the current image, chosen by a person.

        Returns
        -------
        bool
            Whether that is possible; otherwise `problem` says why not.
        """
        self.clear_problem()
        return self.error_reporter.run(self.images.choose_strokes, layer)

    def paint(self, class_id: int) -> Labels | None:
        """Activate the brush with a class.

        A strokes layer is made when there is none.
        """
        return self.error_reporter.find(self._parts.painting.pick_up, class_id)

    def erase(self) -> None:
        """Activate the eraser of the strokes of the current image, if there are any."""
        self.error_reporter.run(self._parts.painting.pick_up_eraser)

    def go_to_next_stroke(self) -> None:
        """Move the camera to where a stroke would help the model most."""
        self.error_reporter.run(self.guidance.go_to_next, self.images.current)

    def show_uncertainty(self, shown: bool) -> None:
        """Show the uncertainty of the live model, or stop showing it."""
        if shown:
            self.error_reporter.run(self.guidance.show, self.images.current)
        else:
            self.guidance.hide()

    def choose_axes(self, letters: str) -> None:
        """Take the axes of the current image for what these letters say."""
        current = self.images.current
        if current is not None:
            self.clear_problem()
            self.error_reporter.run(self.images.rearrange, current, letters)

    def add_class(self) -> int | None:
        """Add a class and return its id, or None when there are too many."""
        added = self.error_reporter.find(self.classes.add)
        return None if added is None else added.id

    def remove_class(self, class_id: int) -> None:
        """Remove a class and its strokes; `undo_removal` takes that back."""
        self.error_reporter.run(self.removals.remove, class_id)

    def undo_removal(self) -> None:
        """Bring back the class that was removed last, with its strokes and rules."""
        self.error_reporter.run(self.removals.undo)

    def recolor_class(self, class_id: int, color: str) -> None:
        """Give a class another colour, ``"#rrggbb"``."""
        self._parts.painting.set_color(class_id, color)

    def rename_class(self, class_id: int, name: str) -> None:
        """Give a class another name, unless it is taken."""
        self.error_reporter.run(self.classes.rename, class_id, name)

    def strokes_layer(self) -> Labels:
        """Return the layer to paint in, made when there is none.

        Raises
        ------
        InputError
            If there is no image to paint on.
        """
        return self._parts.painting.layer()

    def segment(
        self, model: str, layers: Sequence[ImageLayer], options: SegmentationOptions
    ) -> tuple[Result, ...]:
        """Segment images with a model; return no results when that is not possible."""
        self.clear_problem()
        return self.error_reporter.find(self._segment, model, layers, options) or ()

    def load_model(self, path: str | Path) -> ModelEntry | None:
        """Load a model file; return None when that is not possible."""
        self.clear_problem()
        return self.error_reporter.find(self.models.load, path)

    def save_model(self, model: str, path: str | Path) -> None:
        """Write a model with its rules; `models.saved` is emitted when that is done."""
        self.clear_problem()
        self.error_reporter.run(self.models.save, model, path)

    def report(self, error: Exception, *, details: str = "") -> None:
        """Show an error in the hint line."""
        self.error_reporter.report(error, details=details)

    def clear_problem(self) -> None:
        """Stop showing an error."""
        self.error_reporter.clear()

    def poll(self) -> None:
        """Do what is due: answers of the engine, strokes, the next preview."""
        if self._closed:
            return
        parts = self._parts
        parts.link.poll()
        parts.prefetch.poll(parts.images.current)
        parts.strokes.poll()
        parts.auto_training.poll()
        if not parts.segmentation.is_running or self.live.is_running:
            parts.preview.ask_next(parts.images.current)
        parts.tuner.poll()
        parts.seeds.poll()
        parts.objects.poll()
        parts.tasks.poll()
        parts.keeper.poll()

    def close(self) -> None:
        """End the engine process; the viewer is gone."""
        if self._closed:
            return
        self._closed = True
        parts = self._parts
        parts.keeper.close()
        parts.link.close()
        parts.tuner.close()
        parts.seeds.close()
        parts.tasks.close()
        parts.objects.close()
        # When the viewer has been collected there is nothing left to disconnect from.
        with contextlib.suppress(ReferenceError):
            parts.gc_freeze.close()
            self._reactions.close()
            parts.images.close()
            parts.guidance.close()
            parts.results.close()

    # -- within -------------------------------------------------------------------

    def _restart(self) -> None:
        self._start_engine()
        if self.live.phase is Phase.BROKEN_OFF:
            self.auto_training.start(True)
        else:
            self.versions.reload_live_model()

    def _start_engine(self) -> None:
        self.link.start()
        self.models.reload()

    def _restore_version(self, version: SavedVersion) -> None:
        if self.link.state is Engine.DEAD:
            self._start_engine()
        self.versions.restore(version)

    def _segment(
        self, key: str, layers: Sequence[ImageLayer], options: SegmentationOptions
    ) -> tuple[Result, ...]:
        entry = self.models.by_key(key)
        if entry is None:
            raise InputError("There is no model yet; press Learn or load one.")
        images = [self.images.bind(layer) for layer in layers]
        return tuple(self.segmentation.start(entry, images, options))

"""What a viewer's docks share: images, classes, model, jobs. No Qt.

Docks come and go; the session stays as long as its viewer. Whoever shows it calls
`Session.poll` some thirty times a second on the main thread.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from psygnal import Signal

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.process.protocol.messages import Died
from napari_garage_unet.project.description import SavedVersion

from .background import Tasks
from .classes.class_list import ClassList
from .classes.painting import Painting
from .connection.engine_link import EngineLink
from .connection.prefetch import ImagePrefetch
from .connection.requests import Client
from .connection.state import Engine
from .guidance.corrections import Corrections
from .guidance.hint import FEW_PIXELS, UiState, hint
from .guidance.next_stroke import Guidance
from .images.annotated_image import AnnotatedImage
from .images.image_list import ImageList
from .images.stroke_polling import StrokePolling
from .models.models import ModelEntry, ModelList
from .models.versions import VersionList
from .persistence.keeper import Keeper
from .persistence.recovery import Recovery
from .preview.preview import Preview
from .problems import ErrorReporter, Problem
from .results.object_list import ObjectList
from .results.result import Result
from .results.result_list import ResultList
from .segmentation.segmentation_job import SegmentationJob, SegmentationOptions
from .training.auto_training import AutoTraining
from .training.gc_freeze import GcFreeze
from .training.phase import Phase
from .training.training_job import Settings, TrainingJob
from .tuning.seed_preview import SeedPreview
from .tuning.tuner import Tuner


class Session:
    """The state of one viewer's docks.

    Parameters
    ----------
    viewer
        A `ViewerModel`, not a proxy of one.
    make_client
        Makes the client of the engine process when it is first needed.

    Attributes
    ----------
    changed
        Something the hint or a button depends on is different.
    counted
        Strokes were painted or erased.
    problem_changed
        Something went wrong, or is no longer of interest.
    brush_changed
        Another class is in the brush.
    view_changed
        Another plane is on view.
    """

    changed = Signal()
    counted = Signal()
    problem_changed = Signal()
    brush_changed = Signal()
    view_changed = Signal()

    def __init__(self, viewer: Any, make_client: Callable[[], Client]) -> None:
        # Weakly: the session must not keep the viewer it belongs to.
        viewer = weakref.proxy(viewer)
        self.viewer = viewer
        self._closed = False
        self.error_reporter = ErrorReporter()
        self.classes = ClassList()
        self.link = EngineLink(make_client)
        self.results = ResultList(viewer)
        self.job = TrainingJob(self.link, checkpoint=lambda: self.keeper.checkpoint())
        self._gc_freeze = GcFreeze(viewer, self.job)
        self.models = ModelList(
            link=self.link,
            job=self.job,
            results=self.results,
            classes=self.classes,
        )
        self.preview = Preview(
            viewer,
            link=self.link,
            job=self.job,
            classes=self.classes,
            results=self.results,
        )
        self.segmentation = SegmentationJob(
            viewer, link=self.link, results=self.results
        )
        self.seeds = SeedPreview(viewer)
        self.seeds.tasks.failed.connect(self.error_reporter.show)
        self.corrections = Corrections(self.results, self.job)
        self.guidance = Guidance(viewer, results=self.results, preview=self.preview)
        self.tasks = Tasks()
        self.objects = ObjectList(viewer, self.tasks)
        self.tasks.failed.connect(self.error_reporter.show)
        self.images = ImageList(viewer)
        self._painting = Painting(viewer, images=self.images, classes=self.classes)
        self.auto_training = AutoTraining(
            job=self.job,
            images=self.images,
            classes=self.classes,
            error_reporter=self.error_reporter,
        )
        self.tuner = Tuner(viewer, self.results)
        self.tuner.background_labels.tasks.failed.connect(self.error_reporter.show)
        self._prefetch = ImagePrefetch(self.link)
        self.keeper = Keeper(
            viewer,
            link=self.link,
            job=self.job,
            classes=self.classes,
            results=self.results,
            images=self.images,
            auto_training=self.auto_training,
            preview=self.preview,
            tasks=self.tasks,
            error_reporter=self.error_reporter,
        )
        self._strokes = StrokePolling(viewer, self.images)
        viewer.dims.events.current_step.connect(self._on_view)
        self._connect()
        for annotated in self.images:
            self._on_image_added(annotated)
            self._on_strokes_bound(annotated)

    @property
    def versions(self) -> VersionList:
        """The rest points of training."""
        return self.keeper.versions

    @property
    def recovery(self) -> Recovery:
        """What was saved before and can be restored."""
        return self.keeper.recovery

    # -- what there is ------------------------------------------------------------

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels by class id, in all images that are learnt from."""
        return self.auto_training.counts

    @property
    def problem(self) -> Problem | None:
        """What went wrong last, None when nothing did."""
        return self.error_reporter.problem

    @property
    def settings(self) -> Settings:
        """How to learn."""
        return self.auto_training.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.auto_training.settings = settings

    @property
    def learns_by_itself(self) -> bool:
        """Whether learning starts as soon as there is something new to learn."""
        return self.auto_training.by_itself

    @learns_by_itself.setter
    def learns_by_itself(self, wanted: bool) -> None:
        self.auto_training.by_itself = wanted
        self.changed.emit()

    @property
    def ui_state(self) -> UiState:
        """What the hint depends on."""
        counts, current, last = self.counts, self.images.current, self.job.last
        few = [i for i, n in counts.items() if n < FEW_PIXELS and i in self.classes]
        return UiState(
            has_image=current is not None,
            has_strokes_layer=current is not None and current.strokes is not None,
            painted_classes=len(counts),
            few=self.classes[few[0]].name if few else "",
            phase=self.job.phase,
            engine=self.link.state,
            has_model=self.job.has_model and last is not None,
            changed=self.auto_training.has_new_strokes,
            reason=last.reason if last else None,
            seconds=last.seconds if last else 0.0,
            validated=last.validated if last else True,
            by_itself=self.learns_by_itself,
        )

    @property
    def hint(self) -> str:
        """The one next thing to do, or what went wrong."""
        return self.problem.message if self.problem else hint(self.ui_state)

    @property
    def can_learn(self) -> bool:
        """Whether pressing Learn would start something."""
        return self.images.current is not None and not self.job.is_running

    @property
    def can_stop(self) -> bool:
        """Whether pressing Stop would stop something."""
        return self.job.phase in (Phase.STARTING, Phase.LEARNING)

    # -- what can be done ---------------------------------------------------------

    def warm_up(self) -> None:
        """Start the engine unless it runs; a dock has been opened."""
        if self.link.state is Engine.OFF:
            self.error_reporter.run(self.link.start)

    def restart(self) -> None:
        """Start the engine again after it died, and go on learning if it did."""
        self.clear_problem()
        self.error_reporter.run(self._restart)

    def learn(self, *, resume: bool = True) -> bool:
        """Start learning from every image that has strokes.

        Returns
        -------
        bool
            Whether it was started; otherwise `problem` says why not.
        """
        return self.auto_training.press(resume=resume)

    def stop(self) -> None:
        """Stop learning after the step that is running."""
        self.error_reporter.run(self.job.stop)

    def start_over(self) -> None:
        """Let the next Learn begin from nothing; strokes stay."""
        self.auto_training.start_over()
        self.changed.emit()

    def restore_version(self, version: SavedVersion) -> None:
        """Make an earlier version the live model; nothing is lost by that."""
        self.clear_problem()
        self.error_reporter.run(self._restore_version, version)

    def restore_project(self) -> None:
        """Put back the strokes, classes, settings and versions that are offered."""
        self.error_reporter.run(self.recovery.restore)

    def discard_recoverable(self) -> None:
        """Delete what is offered to be restored."""
        self.error_reporter.run(self.recovery.forget)

    def new_strokes(self) -> None:
        """Add an empty strokes layer for the current image."""
        self.error_reporter.run(self._painting.make_layer)

    def paint(self, class_id: int) -> Labels | None:
        """Put the brush of a class into the person's hand.

        A strokes layer is made when there is none.
        """
        return self.error_reporter.find(self._painting.pick_up, class_id)

    def go_to_next_stroke(self) -> None:
        """Move the camera to where the next stroke would teach most."""
        self.error_reporter.run(self.guidance.go_on, self.images.current)

    def show_uncertainty(self, shown: bool) -> None:
        """Show where the live model is in doubt, or stop showing it."""
        if shown:
            self.error_reporter.run(self.guidance.show, self.images.current)
        else:
            self.guidance.hide()

    def add_class(self) -> int | None:
        """Add a class; its id, or None when there are too many."""
        added = self.error_reporter.find(self.classes.add)
        return None if added is None else added.id

    def rename_class(self, class_id: int, name: str) -> None:
        """Give a class another name, unless it is taken."""
        self.error_reporter.run(self.classes.rename, class_id, name)

    def strokes_layer(self) -> Labels:
        """The layer to paint in, made when there is none.

        Raises
        ------
        InputError
            If there is no image to paint on.
        """
        return self._painting.layer()

    def segment(
        self, model: str, layers: Sequence[ImageLayer], options: SegmentationOptions
    ) -> tuple[Result, ...]:
        """Segment images with a model; nothing when that is not possible."""
        self.clear_problem()
        return self.error_reporter.find(self._segment, model, layers, options) or ()

    def load_model(self, path: str | Path) -> ModelEntry | None:
        """Read a model file; None when that is not possible."""
        self.clear_problem()
        return self.error_reporter.find(self.models.load, path)

    def save_model(self, model: str, path: str | Path) -> None:
        """Write a model with its thresholds; `models.saved` tells when it is done."""
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
        self.link.poll()
        self._prefetch.poll(self.images.current)
        self._strokes.poll()
        self.auto_training.poll()
        if not self.segmentation.is_running or self.job.is_running:
            self.preview.ask_next(self.images.current)
        self.tuner.poll()
        self.seeds.poll()
        self.objects.poll()
        self.tasks.poll()
        self.keeper.poll()

    def close(self) -> None:
        """End the engine process; the viewer is gone."""
        if self._closed:
            return
        self._closed = True
        self.keeper.close()
        self.link.close()
        self.tuner.close()
        self.seeds.close()
        self.tasks.close()
        self.objects.close()
        # When the viewer has been collected there is nothing left to let go of.
        with contextlib.suppress(ReferenceError):
            self._gc_freeze.close()
            self.viewer.dims.events.current_step.disconnect(self._on_view)
            self.images.close()
            self.guidance.close()
            self.results.close()

    # -- within -------------------------------------------------------------------

    def _connect(self) -> None:
        self.error_reporter.changed.connect(self._on_problem)
        self.link.changed.connect(self._emit_changed)
        self.link.died.connect(self._on_died)
        self.link.failed.connect(self.error_reporter.on_failed)
        self.job.changed.connect(self._emit_changed)
        self.job.ended.connect(self._on_trained)
        self.job.failed.connect(self.error_reporter.on_failed)
        self.recovery.changed.connect(self._emit_changed)
        self.models.failed.connect(self.error_reporter.on_failed)
        self.models.changed.connect(self._emit_changed)
        self.segmentation.failed.connect(self.error_reporter.on_failed)
        self.segmentation.changed.connect(self._emit_changed)
        self.classes.changed.connect(self._on_classes_changed)
        self._strokes.changed.connect(self._on_painted)
        self._strokes.failed.connect(self.report)
        self.images.changed.connect(self._on_images_changed)
        self.images.added.connect(self._on_image_added)
        self.images.removed.connect(self._on_image_removed)
        self.images.strokes_removed.connect(self._on_strokes_removed)
        self.images.strokes_bound.connect(self._on_strokes_bound)

    def _emit_changed(self) -> None:
        self.changed.emit()

    def _emit_brush_changed(self) -> None:
        self.brush_changed.emit()

    def _on_view(self) -> None:
        self.view_changed.emit()

    def _restart(self) -> None:
        self._start_engine()
        if self.job.broke_off:
            self.auto_training.start(True)
        else:
            self.versions.revive()

    def _start_engine(self) -> None:
        self.link.start()
        self.models.reload()

    def _restore_version(self, version: SavedVersion) -> None:
        if self.link.state is Engine.DEAD:
            self._start_engine()
        self.versions.restore_version(version)

    def _segment(
        self, key: str, layers: Sequence[ImageLayer], options: SegmentationOptions
    ) -> tuple[Result, ...]:
        entry = self.models.by_key(key)
        if entry is None:
            raise InputError("There is no model yet; press Learn or load one.")
        images = [self.images.bind(layer) for layer in layers]
        return tuple(self.segmentation.start(entry, images, options))

    def _on_painted(self) -> None:
        if self.problem is not None and not self.problem.can_restart:
            self.clear_problem()
        self._on_counted()

    def _on_counted(self) -> None:
        self.auto_training.has_new_strokes = True
        self.classes.follow(self.counts)
        self.counted.emit()
        self.changed.emit()

    def _on_strokes_bound(self, annotated: AnnotatedImage) -> None:
        layer = annotated.strokes
        if layer is None:
            return
        annotated.strokes_touched.connect(self._strokes.touch, unique=True)
        annotated.stroke_done.connect(self._strokes.hurry, unique=True)
        annotated.brush_changed.connect(self._emit_brush_changed, unique=True)
        annotated.colors_changed.connect(self._painting.take_colors, unique=True)
        painted = set(self.counts) - set(annotated.counts)
        self._painting.adopt_classes(layer, annotated, painted=painted)
        self._on_counted()

    def _on_images_changed(self) -> None:
        self.counted.emit()
        self.changed.emit()

    def _on_image_added(self, annotated: AnnotatedImage) -> None:
        annotated.pixels_changed.connect(self._on_pixels_changed)
        self.corrections.follow(annotated)

    def _on_pixels_changed(self, annotated: AnnotatedImage) -> None:
        # What it has learnt of the old pixels would be mixed with the new ones.
        self.auto_training.stop_without(
            annotated, f"The pixels of {annotated.name!r} were replaced"
        )
        self.link.forget(annotated)
        self._prefetch.forget(annotated)

    def _on_image_removed(self, annotated: AnnotatedImage) -> None:
        self.segmentation.forget(annotated)
        self.auto_training.stop_without(
            annotated, f"The image {annotated.name!r} was deleted"
        )
        self.link.forget(annotated)

    def _on_strokes_removed(self, annotated: AnnotatedImage) -> None:
        self.auto_training.stop_without(
            annotated, f"The strokes layer of {annotated.name!r} was deleted"
        )
        self._on_counted()

    def _on_classes_changed(self) -> None:
        self._painting.show_classes()
        self.results.follow(self.classes)
        self.changed.emit()

    def _on_trained(self) -> None:
        self.auto_training.on_trained()
        self.changed.emit()

    def _on_died(self, died: Died) -> None:
        self._prefetch.forget_all()
        self.job.on_died()
        self.preview.reset()
        self.error_reporter.show(Problem(died.message, died.details, can_restart=True))

    def _on_problem(self) -> None:
        self.problem_changed.emit()
        self.changed.emit()

"""What follows when something happens in one part of a session.

Each function says what one event means for the other parts; `connect` ties them to the
signals. A dock that shows the session listens to `SessionSignals` alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from napari.layers import Labels
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.layers.axes import describe_layer
from napari_garage_unet.layers.view import show_planes
from napari_garage_unet.process.protocol.messages import LIVE, Died, Trained
from napari_garage_unet.project.description import SavedVersion

from .assembly import Parts
from .images.annotated_image import AnnotatedImage
from .models.versions import settings_of
from .problems import Problem
from .training.live_model import Restored


class SessionSignals:
    """What the docks listen to.

    Attributes
    ----------
    changed
        Something that a hint or a button depends on has changed.
    counted
        Strokes were painted or erased.
    problem_changed
        A problem is to be shown, or no longer.
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


class Reactions:
    """Connects the parts of a session, and tells the docks.

    Parameters
    ----------
    viewer
        A weak proxy of a `ViewerModel`.
    parts
        The parts.
    signals
        What the docks listen to.
    """

    def __init__(self, viewer: Any, parts: Parts, signals: SessionSignals) -> None:
        self._viewer = viewer
        self._parts = parts
        self._signals = signals
        self._rules_of_removed: dict[int, Any] = {}
        self._connect()
        for annotated in parts.images:
            self._on_image_added(annotated)
            self._on_strokes_bound(annotated)

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.dims.events.current_step.disconnect(self._on_view)

    def _connect(self) -> None:
        parts, report = self._parts, self._parts.error_reporter
        parts.error_reporter.changed.connect(self._on_problem)
        parts.tasks.failed.connect(report.show)
        parts.seeds.tasks.failed.connect(report.show)
        parts.tuner.background_labels.tasks.failed.connect(report.show)
        for failed in (
            parts.link.failed,
            parts.job.failed,
            parts.models.failed,
            parts.versions.failed,
            parts.segmentation.failed,
        ):
            failed.connect(report.on_failed)
        parts.keeper.autosave.failed.connect(report.report)
        parts.strokes.failed.connect(report.report)
        parts.preview.failed.connect(report.report)
        for changed in (
            parts.link.changed,
            parts.live.changed,
            parts.models.changed,
            parts.segmentation.changed,
            parts.keeper.recovery.changed,
        ):
            changed.connect(self._on_changed)
        parts.link.died.connect(self._on_died)
        parts.job.ended.connect(self._on_trained)
        parts.versions.restored.connect(self._on_version_restored)
        parts.classes.changed.connect(self._on_classes_changed)
        parts.removals.removed.connect(self._on_class_removed)
        parts.removals.restored.connect(self._on_class_restored)
        parts.strokes.changed.connect(self._on_painted)
        parts.auto_training.unseen.connect(parts.strokes.hurry)
        parts.images.changed.connect(self._on_images_changed)
        parts.images.added.connect(self._on_image_added)
        parts.images.removed.connect(self._on_image_removed)
        parts.images.rearranged.connect(self._on_rearranged)
        parts.images.strokes_removed.connect(self._on_strokes_removed)
        parts.images.strokes_bound.connect(self._on_strokes_bound)
        self._viewer.dims.events.current_step.connect(self._on_view)

    # -- the view and the docks ---------------------------------------------------

    def _on_changed(self) -> None:
        self._signals.changed.emit()

    def _on_brush_changed(self) -> None:
        self._signals.brush_changed.emit()

    def _on_view(self) -> None:
        self._signals.view_changed.emit()

    def _on_problem(self) -> None:
        self._signals.problem_changed.emit()
        self._signals.changed.emit()

    # -- images -------------------------------------------------------------------

    def _on_images_changed(self) -> None:
        self._signals.counted.emit()
        self._signals.changed.emit()

    def _on_image_added(self, annotated: AnnotatedImage) -> None:
        annotated.pixels_changed.connect(self._on_pixels_changed)
        annotated.moved.connect(self._on_image_moved)
        self._parts.corrections.follow(annotated)
        self._parts.keeper.fingerprints.begin(annotated.layers)

    def _on_pixels_changed(self, annotated: AnnotatedImage) -> None:
        # Training would mix what it has learnt of the old pixels with the new ones.
        self._parts.auto_training.stop_without(
            annotated, f"The pixels of {annotated.name!r} were replaced"
        )
        self._parts.link.forget(annotated)
        self._parts.prefetch.forget(annotated)

    def _on_image_moved(self, annotated: AnnotatedImage) -> None:
        # The engine and the model know pixels only, so nothing is learnt anew.
        self._parts.results.follow_place(annotated)
        self._signals.changed.emit()

    def _on_image_removed(self, annotated: AnnotatedImage) -> None:
        parts = self._parts
        parts.segmentation.forget(annotated)
        what = f"The image {annotated.name!r} was deleted"
        if annotated.layer in self._viewer.layers:
            what = f"The channels of {annotated.name!r} are others now"
            parts.results.drop_preview(annotated)
        parts.auto_training.stop_without(annotated, what)
        parts.link.forget(annotated)

    def _on_rearranged(self, old: AnnotatedImage, left: Labels | None) -> None:
        parts = self._parts
        parts.segmentation.forget(old)
        parts.link.forget(old)
        parts.seeds.hide()
        parts.results.forget(old)
        parts.auto_training.stop_without(
            old, f"The axes of {old.name!r} mean something else now"
        )
        new = parts.images.of_layer(old.layer)
        if new is None:
            return
        show_planes(self._viewer, new.layer)
        if left is not None:
            parts.error_reporter.show(
                Problem(
                    f"Your strokes stay in {left.name!r}, which does not fit "
                    f"{describe_layer(new.layer)}. Take the image for what it was "
                    "before to go on with them, or paint anew."
                )
            )
        self._on_counted()

    # -- strokes and classes ------------------------------------------------------

    def _on_painted(self) -> None:
        problem = self._parts.error_reporter.problem
        if problem is not None and not problem.can_restart:
            self._parts.error_reporter.clear()
        self._on_counted()

    def _on_counted(self) -> None:
        self._parts.live.replace(has_new_strokes=True)
        self._parts.classes.follow(self._parts.auto_training.counts)
        self._signals.counted.emit()
        self._signals.changed.emit()

    def _on_strokes_bound(self, annotated: AnnotatedImage) -> None:
        layer, parts = annotated.strokes, self._parts
        if layer is None:
            return
        slots: list[tuple[Any, Callable[[], None]]] = [
            (annotated.strokes_touched, parts.strokes.touch),
            (annotated.stroke_done, parts.strokes.hurry),
            (annotated.brush_changed, self._on_brush_changed),
            (annotated.colors_changed, parts.painting.take_colors),
        ]
        for signal, slot in slots:
            signal.connect(slot, unique=True)
        if annotated.counts:
            # What is there already was not painted to be learnt at once.
            parts.auto_training.wait_for_stroke()
        painted = set(parts.auto_training.counts) - set(annotated.counts)
        parts.painting.adopt_classes(layer, annotated, painted=painted)
        self._on_counted()

    def _on_strokes_removed(self, annotated: AnnotatedImage) -> None:
        what = "was deleted" if annotated.refused is None else "no longer fits"
        self._parts.auto_training.stop_without(
            annotated, f"The strokes layer of {annotated.name!r} {what}"
        )
        self._on_counted()

    def _on_classes_changed(self) -> None:
        self._parts.painting.show_classes()
        self._parts.results.follow(self._parts.classes)
        self._signals.changed.emit()

    def _on_class_removed(self, class_id: int) -> None:
        self._rules_of_removed[class_id] = self._parts.results.drop_class(
            LIVE, class_id
        )
        self._on_class_came_or_went()

    def _on_class_restored(self, class_id: int) -> None:
        rule, in_presets = self._rules_of_removed.pop(class_id, (None, {}))
        self._parts.results.restore_class(LIVE, class_id, rule, in_presets)
        self._on_class_came_or_went()

    def _on_class_came_or_went(self) -> None:
        parts = self._parts
        learnt = {info.id for info in parts.live.now.classes}
        if learnt != set(parts.auto_training.counts):
            parts.live.replace(has_new_strokes=True)
        self._signals.counted.emit()
        self._signals.changed.emit()

    # -- the live model and the engine --------------------------------------------

    def _on_trained(self, trained: Trained) -> None:
        was_restored = isinstance(self._parts.live.now.origin, Restored)
        was_stopped = was_restored or trained.reason is StopReason.STOPPED
        self._parts.auto_training.on_trained(was_stopped=was_stopped)
        self._signals.changed.emit()

    def _on_version_restored(self, version: SavedVersion) -> None:
        classes = self._parts.classes
        saved = [from_json(ClassInfo, values) for values in version.classes]
        # Those that were removed since come back with it; the others are as they are.
        classes.adopt(
            info
            if classes.background is None
            else dataclasses.replace(info, background=False)
            for info in saved
            if info.id not in classes
        )
        auto_training, made = self._parts.auto_training, settings_of(version)
        auto_training.use_settings(
            dataclasses.replace(
                auto_training.settings,
                preprocess=made.preprocess,
                network=made.network,
            )
        )
        self._parts.preview.show_again()

    def _on_died(self, died: Died) -> None:
        self._parts.prefetch.forget_all()
        self._parts.job.on_died()
        self._parts.segmentation.on_died()
        self._parts.preview.reset()
        self._parts.error_reporter.show(
            Problem(died.message, died.details, can_restart=True)
        )

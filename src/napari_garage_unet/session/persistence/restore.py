"""Puts a saved project into the session: strokes, classes, settings, versions.

Strokes count most; what cannot be read of the rest does not keep them back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.fitting import fits, in_shape
from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.engine.images.guessing import axes_for_strokes
from napari_garage_unet.engine.labels.presets import presets_from_json
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.layers.axes import layer_axes, layer_shape
from napari_garage_unet.layers.matching import make_strokes_layer
from napari_garage_unet.layers.writing import free_name, insert_quietly
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.project.folders import ProjectFolder
from napari_garage_unet.project.safe_files import copy_file
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.models.versions import VersionList
from napari_garage_unet.session.problems import ErrorReporter, Problem
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.auto_training import AutoTraining
from napari_garage_unet.session.training.live_model import LiveModelStore

from .loading import Loaded, checkpoint_version, settings_from_json
from .own_project import OwnProject
from .recoverable import MatchingImage, RecoverableProject

logger = logging.getLogger(__name__)


class ProjectRestore:
    """Puts a saved project into the session.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    own
        The project folder of the session, which gets the versions.
    error_reporter
        Shows what could not be restored.
    images
        The images that get strokes.
    classes
        The classes that are adopted.
    auto_training
        Gets the settings.
    results
        Gets the rules and presets of the live model.
    live
        Holds the live model.
    versions
        The versions, one of which becomes the live model.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        own: OwnProject,
        error_reporter: ErrorReporter,
        images: ImageList,
        classes: ClassList,
        auto_training: AutoTraining,
        results: ResultList,
        live: LiveModelStore,
        versions: VersionList,
    ) -> None:
        self._viewer = viewer
        self._own = own
        self._error_reporter = error_reporter
        self._images = images
        self._classes = classes
        self._auto_training = auto_training
        self._results = results
        self._live = live
        self._versions = versions

    def restore(
        self, recoverable: RecoverableProject, folder: ProjectFolder, loaded: Loaded
    ) -> bool:
        """Restore what can be restored, strokes first, and say what could not.

        Returns
        -------
        bool
            Whether all of it was restored.
        """
        is_fresh = not self._auto_training.counts and not self._live.now.step
        beside: list[tuple[Labels, AnnotatedImage]] = []
        steps: list[Callable[[], None]] = [
            lambda: self._restore_classes(recoverable, is_fresh=is_fresh),
            lambda: self._restore_all_strokes(recoverable, loaded, beside),
            lambda: self._restore_settings(recoverable, is_fresh=is_fresh),
            lambda: self._restore_versions(recoverable, folder, loaded),
        ]
        wrong = [error for step in steps if (error := _attempt(step))]
        self._images.changed.emit()
        self._say(beside, loaded.damaged, wrong)
        return not wrong and not loaded.damaged

    def _restore_classes(
        self, recoverable: RecoverableProject, *, is_fresh: bool
    ) -> None:
        saved = [from_json(ClassInfo, values) for values in recoverable.project.classes]
        self._classes.adopt(
            info for info in saved if is_fresh or info.id not in self._classes
        )

    def _restore_all_strokes(
        self,
        recoverable: RecoverableProject,
        loaded: Loaded,
        beside: list[tuple[Labels, AnnotatedImage]],
    ) -> None:
        """Restore strokes; layers that were painted already are added to `beside`."""
        gone = []
        for match, strokes in zip(recoverable.matches, loaded.strokes, strict=True):
            if any(layer not in self._viewer.layers for layer in match.layers):
                gone.append(match.saved.name)
                continue
            annotated = self._arrange(self._bind(match), match)
            annotated.learns = match.saved.learns
            painted = self._restore_strokes(annotated, strokes)
            if painted is not None:
                beside.append((painted, annotated))
        if gone:
            raise InputError(
                f"{', '.join(gone)} was closed before its strokes could be restored."
            )

    def _restore_settings(
        self, recoverable: RecoverableProject, *, is_fresh: bool
    ) -> None:
        if not is_fresh:
            return
        project = recoverable.project
        self._auto_training.use_settings(
            settings_from_json(project.settings),
            by_itself=bool(project.settings.get("by_itself", False)),
        )
        self._auto_training.wait_for_stroke()
        self._results.set_rules_of(
            LIVE,
            {int(i): ClassRule.from_json(r) for i, r in project.rules.items()},
            presets_from_json(project.presets),
        )

    def _say(
        self,
        beside: list[tuple[Labels, AnnotatedImage]],
        damaged: int,
        wrong: list[str],
    ) -> None:
        said = [
            f"The restored strokes are in {annotated.strokes.name!r}; what you had "
            f"painted stays in {kept.name!r}."
            for kept, annotated in beside
            if annotated.strokes is not None
        ]
        if damaged:
            pieces = "piece" if damaged == 1 else "pieces"
            said.append(
                f"{damaged} {pieces} of the saved strokes could not be read; the rest "
                "was restored."
            )
        if wrong:
            said.append("Some of what was saved could not be restored.")
        if said:
            self._error_reporter.show(Problem(" ".join(said), "\n".join(wrong)))

    def _bind(self, match: MatchingImage) -> AnnotatedImage:
        known = self._images.of_layer(match.layers[0])
        if known is not None and known.layers == match.layers:
            return known
        if len(match.layers) == 1:
            return self._images.bind(match.layers[0])
        self._images.choose(match.layers[0])
        self._images.choose_channels(match.layers)
        assert self._images.current is not None
        return self._images.current

    def _arrange(
        self, annotated: AnnotatedImage, match: MatchingImage
    ) -> AnnotatedImage:
        """Read the axes of an image as they were when its strokes were painted."""
        saved, layer = match.saved, annotated.layer
        axes = saved.axes
        if not axes and not fits(saved.strokes_shape, annotated.spatial_shape):
            # Saved before axes were.
            axes = axes_for_strokes(layer_shape(layer), saved.strokes_shape)
        if not axes or axes == layer_axes(layer):
            return annotated
        return self._images.rearrange(annotated, axes)

    def _restore_strokes(
        self, annotated: AnnotatedImage, strokes: NDArray[Any]
    ) -> Labels | None:
        """Put strokes into the strokes layer of an image, or into a new one.

        Returns
        -------
        Labels or None
            The layer with strokes of its own, where a new one was needed.
        """
        if strokes.shape != annotated.spatial_shape:
            raise InputError(
                f"The strokes that were saved for {annotated.name} have another shape."
            )
        annotated.look_at_all()
        layer = annotated.strokes
        if annotated.watch is not None and np.array_equal(
            annotated.watch.seen, strokes
        ):
            return None
        is_free = layer is not None and not annotated.counts
        if layer is not None and is_free and _holds(layer, strokes):
            annotated.painted_data[...] = strokes
            layer.refresh()
            annotated.look_at_all()
            self._images.strokes_bound.emit(annotated)
            return None
        self._add_strokes(annotated, strokes)
        return None if is_free else layer

    def _add_strokes(self, annotated: AnnotatedImage, strokes: NDArray[Any]) -> None:
        self._classes.start()
        several = any(other.strokes is not None for other in self._images)
        name = f"{annotated.name} strokes" if several else "strokes"
        layer = make_strokes_layer(
            annotated.layer, tuple(self._classes), name=free_name(self._viewer, name)
        )
        # Before the layer is followed, because this is not painting.
        layer.data = in_shape(strokes, layer.data.shape)
        annotated.set_strokes(layer)
        insert_quietly(self._viewer, layer)
        self._images.strokes_bound.emit(annotated)

    def _restore_versions(
        self, recoverable: RecoverableProject, folder: ProjectFolder, loaded: Loaded
    ) -> None:
        own = self._own.ensure()
        if own is None:
            return
        project = recoverable.project
        there = []
        for version in project.versions:
            path = folder.versions / f"{version.id}.garage"
            if not path.is_file():
                continue
            copy_file(path, own.versions / path.name)
            picture = folder.versions / f"{version.id}.png"
            if version.id in loaded.pictures:
                copy_file(picture, own.versions / picture.name)
            there.append(version)
        self._versions.adopt(there, loaded.pictures)
        if self._live.now.step:
            return
        current = next((v for v in there if v.id == project.current), None)
        if current is not None:
            file = folder.versions / f"{current.id}.garage"
        elif folder.checkpoint.is_file():
            # The session was killed while a model was trained.
            file = folder.checkpoint
            current = checkpoint_version(file, project.settings)
        else:
            return
        copy_file(file, own.checkpoint)
        self._classes.leave_out(info["id"] for info in current.classes)
        self._versions.use_file(own.checkpoint, current)


def _attempt(step: Callable[[], None]) -> str:
    """Run a step that reads a file's content; return its error, or an empty string."""
    try:
        step()
    except (GarageError, KeyError, TypeError, ValueError, AttributeError) as error:
        logger.warning("Something that was saved cannot be restored.", exc_info=error)
        return str(error) if isinstance(error, GarageError) else repr(error)
    return ""


def _holds(layer: Labels, strokes: NDArray[Any]) -> bool:
    dtype = layer.data.dtype
    largest = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 0
    return int(strokes.max()) <= largest

"""The parts of a session, each made once and given the parts it needs.

This is the one place where parts are made. What follows when something happens in one
of them is in `reactions`; what a dock may ask for is in `session`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari_garage_unet.project.folders import projects_root

from .background import Tasks
from .classes.class_list import ClassList
from .classes.painting import Painting
from .classes.removal import ClassRemovals
from .connection.client import Client
from .connection.engine_link import EngineLink
from .connection.prefetch import ImagePrefetch
from .guidance.corrections import Corrections
from .guidance.next_stroke import Guidance
from .images.image_list import ImageList
from .images.stroke_polling import StrokePolling
from .models.models import ModelList
from .models.version_pictures import VersionPictures
from .models.versions import VersionList
from .persistence.autosave import Autosave
from .persistence.fingerprint import Fingerprints
from .persistence.keeper import Keeper
from .persistence.own_project import OwnProject
from .persistence.recovery import Recovery
from .persistence.restore import ProjectRestore
from .preview.preview import Preview
from .problems import ErrorReporter
from .results.object_list import ObjectList
from .results.result_list import ResultList
from .segmentation.segmentation_job import SegmentationJob
from .training.auto_training import AutoTraining
from .training.gc_freeze import GcFreeze
from .training.live_model import LiveModelStore
from .training.training_job import TrainingJob
from .tuning.seed_preview import SeedPreview
from .tuning.tuner import Tuner


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a session; each class documents what it does."""

    error_reporter: ErrorReporter
    tasks: Tasks
    link: EngineLink
    prefetch: ImagePrefetch
    images: ImageList
    strokes: StrokePolling
    classes: ClassList
    painting: Painting
    removals: ClassRemovals
    live: LiveModelStore
    job: TrainingJob
    auto_training: AutoTraining
    gc_freeze: GcFreeze
    results: ResultList
    objects: ObjectList
    models: ModelList
    versions: VersionList
    preview: Preview
    corrections: Corrections
    guidance: Guidance
    segmentation: SegmentationJob
    tuner: Tuner
    seeds: SeedPreview
    keeper: Keeper


def assemble(viewer: Any, make_client: Callable[[], Client]) -> Parts:
    """Make the parts of a session.

    Parameters
    ----------
    viewer
        A weak proxy of a `ViewerModel`.
    make_client
        Makes the client of the engine process when it is first needed.
    """
    error_reporter, tasks = ErrorReporter(), Tasks()
    link = EngineLink(make_client)
    classes, results = ClassList(), ResultList(viewer)
    own = OwnProject(projects_root())
    live = LiveModelStore()
    job = TrainingJob(link, live, checkpoint=own.checkpoint)
    gc_freeze = GcFreeze(viewer, live)
    models = ModelList(link=link, job=job, live=live, results=results, classes=classes)
    preview = Preview(
        viewer, link=link, job=job, live=live, classes=classes, results=results
    )
    images = ImageList(viewer)
    auto_training = AutoTraining(
        job=job,
        live=live,
        images=images,
        classes=classes,
        error_reporter=error_reporter,
    )
    versions = VersionList(
        link=link, job=job, live=live, classes=classes, folder=own.versions
    )
    return Parts(
        error_reporter=error_reporter,
        tasks=tasks,
        link=link,
        prefetch=ImagePrefetch(link),
        images=images,
        strokes=StrokePolling(viewer, images),
        classes=classes,
        painting=Painting(viewer, images=images, classes=classes),
        removals=ClassRemovals(images, classes),
        live=live,
        job=job,
        auto_training=auto_training,
        gc_freeze=gc_freeze,
        results=results,
        objects=ObjectList(viewer, tasks),
        models=models,
        versions=versions,
        preview=preview,
        corrections=Corrections(results, live, job),
        guidance=Guidance(viewer, results=results, preview=preview),
        segmentation=SegmentationJob(viewer, link=link, results=results),
        tuner=Tuner(viewer, results),
        seeds=SeedPreview(viewer),
        keeper=_keeper(
            viewer,
            own,
            images=images,
            classes=classes,
            results=results,
            live=live,
            auto_training=auto_training,
            versions=versions,
            tasks=tasks,
            error_reporter=error_reporter,
        ),
    )


def _keeper(
    viewer: Any,
    own: OwnProject,
    *,
    images: ImageList,
    classes: ClassList,
    results: ResultList,
    live: LiveModelStore,
    auto_training: AutoTraining,
    versions: VersionList,
    tasks: Tasks,
    error_reporter: ErrorReporter,
) -> Keeper:
    fingerprints = Fingerprints()
    autosave = Autosave(
        own,
        images=images,
        classes=classes,
        auto_training=auto_training,
        results=results,
        versions=versions,
        fingerprints=fingerprints,
    )
    project_restore = ProjectRestore(
        viewer,
        own=own,
        error_reporter=error_reporter,
        images=images,
        classes=classes,
        auto_training=auto_training,
        results=results,
        live=live,
        versions=versions,
    )
    recovery = Recovery(
        viewer,
        own=own,
        project_restore=project_restore,
        images=images,
        autosave=autosave,
        fingerprints=fingerprints,
        tasks=tasks,
        error_reporter=error_reporter,
    )
    pictures = VersionPictures(
        viewer,
        versions=versions,
        results=results,
        images=images,
        live=live,
        tasks=tasks,
    )
    return Keeper(images, own, autosave, fingerprints, pictures, recovery)

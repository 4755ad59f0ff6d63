"""What a session keeps: strokes and versions on disk, and what was saved before."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from pathlib import Path
from typing import Any

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.project.folders import CHECKPOINT, projects_root
from napari_garage_unet.session.background import Tasks
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.models.version_pictures import VersionPictures
from napari_garage_unet.session.models.versions import VersionList, settings_of
from napari_garage_unet.session.preview.preview import Preview
from napari_garage_unet.session.problems import ErrorReporter
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.auto_training import AutoTraining
from napari_garage_unet.session.training.training_job import TrainingJob

from .autosave import Autosave
from .fingerprint import Fingerprints
from .recovery import Recovery
from .restore import ProjectRestore

logger = logging.getLogger(__name__)


class Keeper:
    """Autosave, versions and restoring, tied together.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    link, job, classes, results, images, auto_training, preview, tasks, error_reporter
        Of the session.

    Attributes
    ----------
    autosave
        Saves strokes, classes and settings.
    versions
        The rest points of training.
    restoring
        What was saved before and fits an image that is open.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        link: EngineLink,
        job: TrainingJob,
        classes: ClassList,
        results: ResultList,
        images: ImageList,
        auto_training: AutoTraining,
        preview: Preview,
        tasks: Tasks,
        error_reporter: ErrorReporter,
    ) -> None:
        self._images = images
        self._auto_training = auto_training
        self._preview = preview
        self._temporary = tempfile.TemporaryDirectory(
            prefix="garage-unet-", ignore_cleanup_errors=True
        )
        self._fingerprints = Fingerprints()
        root = projects_root()
        self.versions = VersionList(
            link=link, job=job, classes=classes, folder=self._versions_folder
        )
        self._pictures = VersionPictures(
            viewer,
            versions=self.versions,
            results=results,
            images=images,
            job=job,
            tasks=tasks,
        )
        self.autosave = Autosave(
            root,
            images=images,
            classes=classes,
            auto_training=auto_training,
            results=results,
            versions=self.versions,
            fingerprints=self._fingerprints,
        )
        self.recovery = Recovery(
            viewer,
            root,
            project_restore=ProjectRestore(
                viewer,
                autosave=self.autosave,
                error_reporter=error_reporter,
                images=images,
                classes=classes,
                auto_training=auto_training,
                results=results,
                job=job,
                versions=self.versions,
            ),
            images=images,
            autosave=self.autosave,
            fingerprints=self._fingerprints,
            tasks=tasks,
            error_reporter=error_reporter,
        )
        self.versions.failed.connect(error_reporter.on_failed)
        self.versions.restored.connect(self._on_went_back)
        self.autosave.failed.connect(error_reporter.report)

    def checkpoint(self) -> Path:
        """The file the engine keeps up to date while it learns."""
        folder = self.autosave.ensure_folder()
        parent = Path(self._temporary.name) if folder is None else folder.path
        return parent / CHECKPOINT

    def poll(self) -> None:
        """Save what is new; look for what was saved before."""
        self._pictures.poll()
        self.autosave.poll()
        self.recovery.poll()

    def close(self) -> None:
        """Save what is left; the viewer is gone."""
        for annotated in self._images:
            try:
                annotated.look_at_all()
            except GarageError as error:
                # They have become such that nothing can be done with them.
                logger.info("%s is not saved: %s", annotated.name, error)
        self.autosave.close()
        self._fingerprints.close()
        self._temporary.cleanup()

    def _versions_folder(self) -> Path:
        # Where nothing can be saved, versions last as long as the session.
        folder = self.autosave.ensure_folder()
        return Path(self._temporary.name) if folder is None else folder.versions

    def _on_went_back(self, version: SavedVersion) -> None:
        # What was painted since is learnt when a person says so, or paints on.
        self._auto_training.has_new_strokes = False
        made = settings_of(version)
        self._auto_training.use_settings(
            dataclasses.replace(
                self._auto_training.settings,
                preprocess=made.preprocess,
                network=made.network,
            )
        )
        self._preview.show_again()

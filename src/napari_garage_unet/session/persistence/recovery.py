"""Finds saved projects of the images that are open, and restores or deletes them."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any

from napari.layers import Image as ImageLayer
from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError, InputError
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.project.description import write_project
from napari_garage_unet.project.folders import ProjectFolder
from napari_garage_unet.session.background import Tasks
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.problems import ErrorReporter

from .autosave import Autosave
from .fingerprint import Fingerprints
from .loading import Loaded, load
from .own_project import OwnProject
from .recoverable import CandidateImage, RecoverableProject, find_recoverable, without
from .restore import ProjectRestore

logger = logging.getLogger(__name__)


class Recovery:
    """Finds saved projects of the images that are open.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    own
        The project folder of the session, which is passed over.
    project_restore
        Puts what was saved into the session.
    images
        The images that are open.
    autosave
        Its thread searches; what was saved goes once it has been saved again.
    fingerprints
        Fingerprints of the images, which identify them.
    tasks
        Runs the reading.
    error_reporter
        Shows why something cannot be restored.

    Attributes
    ----------
    changed
        Another project can be restored, or none.
    """

    changed = Signal()

    def __init__(
        self,
        viewer: Any,
        *,
        own: OwnProject,
        project_restore: ProjectRestore,
        images: ImageList,
        autosave: Autosave,
        fingerprints: Fingerprints,
        tasks: Tasks,
        error_reporter: ErrorReporter,
    ) -> None:
        self._viewer = viewer
        self._own = own
        self._project_restore = project_restore
        self._images = images
        self._autosave = autosave
        self._fingerprints = fingerprints
        self._tasks = tasks
        self._error_reporter = error_reporter
        self._seen: set[str] = set()
        self._search: Future[list[RecoverableProject]] | None = None
        self._recoverable: list[RecoverableProject] = []
        self._restoring: ProjectFolder | None = None

    @property
    def recoverable(self) -> RecoverableProject | None:
        """What can be restored now; None when there is nothing, or it is being read."""
        return (
            self._recoverable[0]
            if self._recoverable and self._restoring is None
            else None
        )

    @property
    def is_restoring(self) -> bool:
        """Whether a project is being read."""
        return self._restoring is not None

    def poll(self) -> None:
        """Look for saved projects of images that have been opened."""
        if self._search is None:
            self._look()
        elif self._search.done():
            search, self._search = self._search, None
            error = search.exception()
            if error is not None:
                # Nothing can be restored; nothing else depends on it.
                logger.warning("Saved projects cannot be looked through: %s", error)
                return
            self._recoverable += search.result()
            self.changed.emit()
        open_layers = set(self._viewer.layers)
        still_open = [o for o in self._recoverable if _is_open(o, open_layers)]
        if len(still_open) != len(self._recoverable):
            self._recoverable = still_open
            # An image that is opened once more is looked for once more.
            self._seen.clear()
            self.changed.emit()

    def restore(self) -> None:
        """Restore the project that can be restored.

        Raises
        ------
        InputError
            If another window is restoring it.
        """
        recoverable, folder = self._take()

        def work() -> Loaded | Exception:
            try:
                return load(folder, recoverable)
            except (GarageError, OSError, ValueError, MemoryError) as error:
                return error

        def done(loaded: Loaded | Exception) -> None:
            self._restoring = None
            if isinstance(loaded, Loaded):
                self._put_into_session(recoverable, folder, loaded)
            else:
                folder.release()
                said = (
                    f"What was saved cannot be read ({loaded}); it stays where it is."
                )
                self._error_reporter.report(InputError(said))
            self.changed.emit()

        self._restoring = folder
        self._tasks.run("restore", work, done=done)
        self.changed.emit()

    def forget(self) -> None:
        """Delete the project that can be restored.

        Raises
        ------
        InputError
            If another window is restoring it.
        """
        recoverable, folder = self._take()
        self._remove(recoverable, folder)
        self.changed.emit()

    def _take(self) -> tuple[RecoverableProject, ProjectFolder]:
        recoverable = self.recoverable
        if recoverable is None:
            raise InputError("There is nothing to restore.")
        self._recoverable.remove(recoverable)
        self.changed.emit()
        folder = ProjectFolder(recoverable.folder)
        if not folder.description.is_file():
            raise InputError("What was saved has been restored or deleted elsewhere.")
        if not folder.lock():
            raise InputError("What was saved is being restored in another window.")
        return recoverable, folder

    def _look(self) -> None:
        images = []
        for layer in self._viewer.layers:
            if not isinstance(layer, ImageLayer) or is_result(layer):
                continue
            fingerprint = self._fingerprints.of(layer)
            if fingerprint is None:
                continue
            annotated = self._images.of_layer(layer)
            strokes = (
                annotated.watch.seen
                if annotated and annotated.counts and annotated.watch
                else None
            )
            images.append(CandidateImage(layer, fingerprint, strokes))
        texts = (
            text
            for image in images
            for text in (image.fingerprint.text, image.fingerprint.earlier)
        )
        new = frozenset(texts) - self._seen
        if not new:
            return
        self._seen |= new
        own = self._own.folder
        known = {recoverable.folder for recoverable in self._recoverable}
        skip = frozenset(known | ({own.path} if own is not None else set()))
        self._search = self._autosave.run(
            lambda: find_recoverable(self._own.root, images, new=new, skip=skip)
        )

    def _put_into_session(
        self, recoverable: RecoverableProject, folder: ProjectFolder, loaded: Loaded
    ) -> None:
        if self._project_restore.restore(recoverable, folder, loaded):
            # The folder stays until all of it has been saved again.
            self._autosave.when_saved(lambda: self._remove(recoverable, folder))
        else:
            # What could not be restored is not deleted either.
            folder.release()

    def _remove(self, recoverable: RecoverableProject, folder: ProjectFolder) -> None:
        rest = without(
            recoverable.project, [each.saved for each in recoverable.matches]
        )

        def work() -> None:
            try:
                if rest.images:
                    write_project(folder.description, rest)
                else:
                    folder.remove()
            except (GarageError, OSError) as error:
                logger.warning("%s cannot be removed: %s", folder.path, error)
            finally:
                folder.release()

        self._autosave.run(work)


def _is_open(recoverable: RecoverableProject, layers: set[Any]) -> bool:
    return all(layer in layers for each in recoverable.matches for layer in each.layers)

"""The project folder of a session, made when something has to be kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

from psygnal import Signal

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.project.folders import CHECKPOINT_NAME, ProjectFolder


class OwnProject:
    """Makes the project folder of a session and says where its files lie.

    Where no folder can be made, checkpoint and versions lie in a temporary one and last
    as long as the session.

    Parameters
    ----------
    root
        The folder of all projects.

    Attributes
    ----------
    created
        The folder was made.
    failed
        The folder could not be made; emitted with the error.
    folder
        The folder; None while nothing has to be kept.
    """

    created = Signal()
    failed = Signal(object)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder: ProjectFolder | None = None
        self._temporary = tempfile.TemporaryDirectory(
            prefix="garage-unet-", ignore_cleanup_errors=True
        )

    def ensure(self) -> ProjectFolder | None:
        """Return the folder, made when there is none; None where that fails."""
        if self.folder is None:
            try:
                self.folder = ProjectFolder.create(self.root)
            except OutputError as error:
                self.failed.emit(error)
                return None
            self.created.emit()
        return self.folder

    def checkpoint(self) -> Path:
        """Return the file that the engine keeps up to date while it trains."""
        folder = self.ensure()
        parent = Path(self._temporary.name) if folder is None else folder.path
        return parent / CHECKPOINT_NAME

    def versions(self) -> Path:
        """Return the folder of the versions."""
        folder = self.ensure()
        return Path(self._temporary.name) if folder is None else folder.versions

    def abandon(self) -> None:
        """Let go of a folder that was deleted; the next one is made when needed."""
        if self.folder is not None:
            self.folder.release()
            self.folder = None

    def close(self, *, keep: bool) -> None:
        """Release the folder, or remove it where nothing is to be kept."""
        if self.folder is not None:
            if keep:
                self.folder.release()
            else:
                self.folder.remove()
        self._temporary.cleanup()

"""Project folders: one per session, in a folder in the user's data directory.

Each session creates its folder, holds a lock on it while it runs, and removes folders
that have become too old, too many or too large.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from napari_garage_unet.engine.errors import OutputError

from .lock import FolderLock

logger = logging.getLogger(__name__)

PROJECTS_VARIABLE = "NAPARI_GARAGE_UNET_PROJECTS"
"""Environment variable with a path that replaces the default of `projects_root`."""

CHECKPOINT_NAME = "checkpoint.garage"
"""Name of the model file that the engine renews during training."""

DESCRIPTION_NAME = "project.json"
"""Name of the description; a folder without it holds nothing to restore."""

MAX_PROJECT_AGE_SECONDS = 60 * 86400.0
"""Seconds since a project was last saved after which it is removed."""

MAX_PROJECTS = 30
"""Number of projects that are kept; the oldest are removed first."""

MAX_PROJECTS_BYTES = 2_000_000_000
"""Size of all projects together in bytes; the oldest are removed first."""

MAX_UNFINISHED_AGE_SECONDS = 3600.0
"""Seconds after which a folder without a description is removed."""


def projects_root() -> Path:
    """Return the folder that holds the projects, which may not exist yet."""
    override = os.environ.get(PROJECTS_VARIABLE)
    if override:
        return Path(override)
    return platformdirs.user_data_path("napari-garage-unet", appauthor=False) / (
        "projects"
    )


class ProjectFolder:
    """The folder of a project, with a lock against other sessions.

    Parameters
    ----------
    path
        An existing folder.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FolderLock(path)

    @classmethod
    def create(cls, root: Path) -> ProjectFolder:
        """Create a folder with a new name and lock it.

        Parameters
        ----------
        root
            Folder that holds the projects; created if it does not exist.

        Returns
        -------
        ProjectFolder
            Locked by this session.

        Raises
        ------
        OutputError
            If the folder cannot be created or locked.
        """
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
        path = root / name
        try:
            path.mkdir(parents=True)
            (path / "versions").mkdir()
        except OSError as error:
            raise OutputError(
                f"What you paint cannot be saved to {path} "
                f"({error.strerror or error}); save the strokes layer yourself."
            ) from error
        folder = cls(path)
        if not folder.lock():
            raise OutputError(
                f"What you paint cannot be saved to {path} (files there cannot be "
                "locked); save the strokes layer yourself."
            )
        return folder

    @property
    def description(self) -> Path:
        """Path of the description, see `description.SavedProject`."""
        return self.path / DESCRIPTION_NAME

    @property
    def checkpoint(self) -> Path:
        """Path of the model file that the engine renews during training."""
        return self.path / CHECKPOINT_NAME

    @property
    def versions(self) -> Path:
        """Folder of the model files of versions."""
        return self.path / "versions"

    def strokes(self, name: str) -> Path:
        """Return the folder of the strokes with this name, see `SavedImage.strokes`."""
        return self.path / name

    def lock(self) -> bool:
        """Lock the folder; return False if another session holds the lock."""
        return self._lock.acquire()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def remove(self) -> None:
        """Delete the folder with everything in it and release the lock."""
        # Without its description, a half-deleted project is not offered for restoring.
        self.description.unlink(missing_ok=True)
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def saved_projects(root: Path) -> Iterator[ProjectFolder]:
    """Iterate over all project folders, the last saved first.

    Folders of running sessions and folders without a description are included.
    """
    yield from sorted(_folders(root), key=_saved_at, reverse=True)


def tidy_up(root: Path, *, now: float | None = None) -> list[Path]:
    """Remove projects that are too old, too many or too large.

    Folders that a running session has locked are kept.

    Parameters
    ----------
    root
        Folder that holds the projects.
    now
        Time in seconds since 1970; the current time by default.

    Returns
    -------
    list of Path
        The removed folders.
    """
    now = time.time() if now is None else now
    removed = []
    kept, size = 0, 0
    for folder in saved_projects(root):
        age = now - _saved_at(folder)
        is_project = folder.description.exists()
        size += _size(folder.path)
        limit = MAX_PROJECT_AGE_SECONDS if is_project else MAX_UNFINISHED_AGE_SECONDS
        if (
            is_project
            and kept < MAX_PROJECTS
            and size <= MAX_PROJECTS_BYTES
            and age <= limit
        ):
            kept += 1
            continue
        if (not is_project and age <= limit) or not folder.lock():
            continue
        logger.info("The saved project %s is removed.", folder.path)
        folder.remove()
        removed.append(folder.path)
    return removed


def _folders(root: Path) -> list[ProjectFolder]:
    try:
        return [ProjectFolder(path) for path in root.iterdir() if path.is_dir()]
    except OSError:
        return []


def _saved_at(folder: ProjectFolder) -> float:
    """Return when a project was last saved, or else its folder changed, since 1970."""
    for path in (folder.description, folder.path):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _size(path: Path) -> int:
    """Return the size of all files in a folder in bytes."""
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except OSError:
                continue  # A running session has just replaced the file.
    return total

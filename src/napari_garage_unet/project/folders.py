"""One folder per session under the user's data folder: made, found, tidied up."""

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
"""Environment variable that names another folder for the projects."""

CHECKPOINT_NAME = "checkpoint.garage"

DESCRIPTION_NAME = "project.json"
"""Describes a project; a folder without it holds nothing to restore."""

MAX_PROJECT_AGE_SECONDS = 60 * 86400.0
"""Seconds after which a project nobody has touched is removed."""

MAX_PROJECTS = 30
"""How many projects are kept."""

MAX_PROJECTS_BYTES = 2_000_000_000
"""Space that all projects together may take; the oldest go first."""

MAX_UNFINISHED_AGE_SECONDS = 3600.0
"""Seconds after which a folder that never became a project is removed."""


def projects_root() -> Path:
    """The folder that holds the projects; it need not exist."""
    told = os.environ.get(PROJECTS_VARIABLE)
    if told:
        return Path(told)
    return platformdirs.user_data_path("napari-garage-unet", appauthor=False) / (
        "projects"
    )


class ProjectFolder:
    """A folder that belongs to this session as long as it holds the lock.

    Parameters
    ----------
    path
        An existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FolderLock(path)

    @classmethod
    def create(cls, root: Path) -> ProjectFolder:
        """Make a new one and lock it.

        Raises
        ------
        OutputError
            If it cannot be made.
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
        """Path of the file that says what is in it."""
        return self.path / DESCRIPTION_NAME

    @property
    def checkpoint(self) -> Path:
        """Path of the file that the engine keeps up to date while it learns."""
        return self.path / CHECKPOINT_NAME

    @property
    def versions(self) -> Path:
        """The folder of the versions."""
        return self.path / "versions"

    def strokes(self, name: str) -> Path:
        """The folder of the strokes of an image."""
        return self.path / name

    def lock(self) -> bool:
        """Make it this session's; False when it is another's."""
        return self._lock.acquire()

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()

    def remove(self) -> None:
        """Delete it with everything in it, and let go of it."""
        # First what makes it a project, so that half of one is never offered.
        self.description.unlink(missing_ok=True)
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def saved_projects(root: Path) -> Iterator[ProjectFolder]:
    """All projects, those of running sessions too; the latest saved first."""
    yield from sorted(_folders(root), key=_age)


def tidy_up(root: Path, *, now: float | None = None) -> list[Path]:
    """Remove projects that are old, or too many, or too large; never a running one.

    Parameters
    ----------
    root
        The folder of the projects.
    now
        The time, as `time.time` gives it.

    Returns
    -------
    list of Path
        What was removed.
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


def _age(folder: ProjectFolder) -> float:
    return -_saved_at(folder)


def _saved_at(folder: ProjectFolder) -> float:
    for path in (folder.description, folder.path):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _size(path: Path) -> int:
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except OSError:
                continue  # Its session has replaced it meanwhile.
    return total

"""Rest points of training: kept, shown, gone back to."""

from __future__ import annotations

import dataclasses
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.settings import from_json, to_json
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Event,
    Failed,
    ModelReady,
    Trained,
)
from napari_garage_unet.project.description import SavedVersion
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.connection.engine_link import EngineLink
from napari_garage_unet.session.training.phase import Phase
from napari_garage_unet.session.training.training_job import Settings, TrainingJob

logger = logging.getLogger(__name__)

MOST = 50
"""Versions that are kept; the oldest go first, but see `dispensable`."""

MOST_BYTES = 300_000_000
"""Space their files may take together, likewise."""


class VersionList:
    """Keeps the live model whenever training rests, and brings it back.

    Parameters
    ----------
    link, job
        The engine process and its training.
    classes
        What classes are called now.
    folder
        Gives the folder of the versions, made when it is first asked for.

    Attributes
    ----------
    changed
        There are others, or another one is the live model.
    restored
        An earlier version was made the live model; emitted with it.
    kept
        A version was written; emitted with it.
    failed
        One could not be written or read; emitted with `Failed`.
    current
        Id of the version the live model is; empty while it learns.
    pictures
        PNG of the segmentation by id of the version, where there is one.
    """

    changed = Signal()
    restored = Signal(SavedVersion)
    kept = Signal(SavedVersion)
    failed = Signal(Failed)

    def __init__(
        self,
        *,
        link: EngineLink,
        job: TrainingJob,
        classes: ClassList,
        folder: Callable[[], Path],
    ) -> None:
        self._link = link
        self._job = job
        self._classes = classes
        self._folder = folder
        self._versions: list[SavedVersion] = []
        self._wanted: SavedVersion | None = None
        self._learnt = (0, 0.0)
        self.current = ""
        self.pictures: dict[str, bytes] = {}
        job.changed.connect(self._on_job)
        job.ended.connect(self._on_ended)
        job.failed.connect(self._on_failed)

    def __iter__(self) -> Iterator[SavedVersion]:
        return iter(tuple(self._versions))

    def __len__(self) -> int:
        return len(self._versions)

    def by_id(self, version_id: str) -> SavedVersion | None:
        """The version with an id."""
        return next((v for v in self._versions if v.id == version_id), None)

    def path(self, version: SavedVersion) -> Path:
        """Its model file."""
        return self._folder() / f"{version.id}.garage"

    def picture_path(self, version: SavedVersion) -> Path:
        """The file of its picture."""
        return self._folder() / f"{version.id}.png"

    def restore_version(self, version: SavedVersion) -> None:
        """Make a version the live model; training is stopped, and kept, first.

        Raises
        ------
        InputError
            If its file is gone.
        """
        if not self.path(version).is_file():
            raise InputError(
                f"The file of version {version.number} is gone; choose another one."
            )
        if self._job.is_running:
            self._wanted = version
            self._job.stop()
        else:
            self._use(version)

    def adopt(
        self, versions: Sequence[SavedVersion], pictures: dict[str, bytes]
    ) -> None:
        """List versions whose files have been put into the folder.

        They are older than those that are listed and keep their order.
        """
        known = {version.id for version in self._versions}
        together = [v for v in versions if v.id not in known] + self._versions
        self._versions = [
            dataclasses.replace(version, number=number)
            for number, version in enumerate(together, start=1)
        ]
        self.pictures = pictures | self.pictures
        self._tidy_up()
        self.changed.emit()

    def bring_back(self, path: Path, version: SavedVersion) -> None:
        """Make a file the live model that is like this version, or is it."""
        self._learnt = (version.steps, version.seconds)

        def refused() -> None:
            self.current = ""
            self.changed.emit()

        self._job.use(
            path,
            [from_json(ClassInfo, values) for values in version.classes],
            settings_of(version),
            last=Trained(
                0,
                StopReason.VERSION,
                version.steps,
                version.seconds,
                version.accuracy is not None,
            ),
            on_refused=refused,
        )
        self.current = version.id if self.by_id(version.id) else ""
        self.changed.emit()

    def revive(self) -> None:
        """Give an engine that was started again what was learnt last."""
        job = self._job
        if job.step and not job.has_model and job.can_resume:
            steps, seconds = self._learnt
            last = job.last or Trained(0, StopReason.VERSION, steps, seconds, False)
            job.use(job.checkpoint, job.classes, job.settings, last=last)

    def set_picture(self, version_id: str, picture: bytes) -> None:
        """Show a version with this PNG."""
        if self.by_id(version_id) is not None:
            self.pictures[version_id] = picture
            self.changed.emit()

    def _use(self, version: SavedVersion) -> None:
        self.bring_back(self.path(version), version)
        self.restored.emit(version)

    def _on_job(self) -> None:
        if self._job.phase is not Phase.STARTING:
            return
        if not self._job.resumed:
            self._learnt = (0, 0.0)
        if self.current:
            self.current = ""
            self.changed.emit()

    def _on_ended(self, trained: Trained) -> None:
        wanted, self._wanted = self._wanted, None
        if trained.steps > 0:
            steps, seconds = self._learnt
            self._learnt = (steps + trained.steps, seconds + trained.seconds)
            self._keep()
        if wanted is not None:
            # The engine takes requests in turn: what has just been learnt is kept
            # before the other one takes its place.
            self._use(wanted)

    def _on_failed(self, failed: Failed) -> None:
        # The engine has died, most likely; it cannot be given another model now.
        self._wanted = None

    def _keep(self) -> None:
        steps, seconds = self._learnt
        asked = self._job.settings
        generation = self._job.generation
        version = SavedVersion(
            id=uuid.uuid4().hex[:16],
            number=0,
            time=time.time(),
            steps=steps,
            seconds=round(seconds, 2),
            accuracy=None,
            settings={
                "preprocess": asked.preprocess and to_json(asked.preprocess),
                "network": asked.network and to_json(asked.network),
            },
            classes=tuple(to_json(info) for info in self._job.classes),
        )

        def answered(event: Event) -> None:
            if isinstance(event, ModelReady):
                self._add(version, event.info, is_live=generation)
            elif isinstance(event, Failed) and self._link.is_running:
                self.failed.emit(event)

        self._link.engine.save_model(
            LIVE,
            str(self.path(version)),
            rules={},
            presets={},
            classes=[to_json(info) for info in self._classes],
            on_answer=answered,
        )

    def _add(
        self, version: SavedVersion, info: dict[str, Any], *, is_live: int
    ) -> None:
        number = max((v.number for v in self._versions), default=0) + 1
        version = dataclasses.replace(
            version,
            number=number,
            accuracy=info.get("provenance", {}).get("accuracy"),
            # In the order of the network's outputs.
            classes=tuple(info.get("classes", version.classes)),
        )
        self._versions.append(version)
        if self._job.generation == is_live and not self._job.is_running:
            self.current = version.id
        self._tidy_up()
        self.kept.emit(version)
        self.changed.emit()

    def _tidy_up(self) -> None:
        sizes = [_size(self.path(version)) for version in self._versions]
        for version in dispensable(self._versions, sizes, current=self.current):
            self._versions.remove(version)
            self.pictures.pop(version.id, None)
            for path in (self.path(version), self.picture_path(version)):
                path.unlink(missing_ok=True)


def dispensable(
    versions: Sequence[SavedVersion], sizes: Sequence[int], *, current: str
) -> list[SavedVersion]:
    """The versions to drop: the oldest, when there are too many or they are too large.

    The one with the highest figure on held-out strokes, the live one and the newest
    always stay.

    Parameters
    ----------
    versions
        The oldest first.
    sizes
        Bytes of their files.
    current
        Id of the version the live model is.
    """
    checked = [v for v in versions if v.accuracy is not None]
    best = max(checked, key=lambda v: (v.accuracy, v.time)).id if checked else ""
    newest = versions[-1].id if versions else ""
    number, size = len(versions), sum(sizes)
    dropped = []
    for version, its_size in zip(versions, sizes, strict=True):
        if number <= MOST and size <= MOST_BYTES:
            break
        if version.id not in (best, current, newest):
            dropped.append(version)
            number, size = number - 1, size - its_size
    return dropped


def settings_of(version: SavedVersion) -> Settings:
    """The preprocessing and the network a version was made with.

    Raises
    ------
    InputError
        If it was saved by another version of the plugin.
    """
    preprocess = version.settings.get("preprocess")
    network = version.settings.get("network")
    return Settings(
        preprocess=from_json(PreprocessConfig, preprocess) if preprocess else None,
        network=from_json(NetworkConfig, network) if network else None,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

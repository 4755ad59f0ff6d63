"""Versions: states of the live model that are saved when training comes to rest."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
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
from napari_garage_unet.session.training.live_model import (
    LiveModel,
    LiveModelStore,
    Restored,
)
from napari_garage_unet.session.training.settings import Settings
from napari_garage_unet.session.training.training_job import TrainingJob

from .version_limits import dispensable


class VersionList:
    """Saves the live model whenever training comes to rest, and restores it.

    Parameters
    ----------
    link
        The connection to the engine process.
    job
        The training of the live model.
    live
        Holds the live model.
    classes
        The classes with their present names and colours.
    folder
        Returns the folder of the version files, made when it is first asked for.

    Attributes
    ----------
    changed
        The versions are others, or another one is the live model.
    restored
        A version was made the live model by a person; emitted with it.
    kept
        A version was written; emitted with it.
    failed
        A version could not be written; emitted with the `Failed`.
    pictures
        PNG of the segmentation by version id, where there is one.
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
        live: LiveModelStore,
        classes: ClassList,
        folder: Callable[[], Path],
    ) -> None:
        self._link = link
        self._job = job
        self._live = live
        self._classes = classes
        self._folder = folder
        self._versions: list[SavedVersion] = []
        self.pictures: dict[str, bytes] = {}
        live.changed.connect(self._on_live)
        job.ended.connect(self._on_ended)

    def __iter__(self) -> Iterator[SavedVersion]:
        return iter(tuple(self._versions))

    def __len__(self) -> int:
        return len(self._versions)

    @property
    def current(self) -> str:
        """Id of the version the live model is; empty while it learns."""
        return self._live.now.version

    def by_id(self, version_id: str) -> SavedVersion | None:
        """Return the version with an id."""
        return next((v for v in self._versions if v.id == version_id), None)

    def path(self, version: SavedVersion) -> Path:
        """Return the path of its model file."""
        return self._folder() / f"{version.id}.garage"

    def picture_path(self, version: SavedVersion) -> Path:
        """Return the path of its picture."""
        return self._folder() / f"{version.id}.png"

    def restore(self, version: SavedVersion) -> None:
        """Make a version the live model; training is stopped, and saved, first.

        Raises
        ------
        InputError
            If its file is gone.
        """
        if not self.path(version).is_file():
            raise InputError(
                f"The file of version {version.number} is gone; choose another one."
            )
        if self._live.now.is_running:
            self._live.replace(next_version=version)
            self._job.stop()
        else:
            self._restore(version)

    def adopt(
        self, versions: Sequence[SavedVersion], pictures: dict[str, bytes]
    ) -> None:
        """List versions whose files lie in the folder already.

        They count as older than those that are listed, and keep their order.
        """
        known = {version.id for version in self._versions}
        together = [v for v in versions if v.id not in known] + self._versions
        self._versions = [
            dataclasses.replace(version, number=number)
            for number, version in enumerate(together, start=1)
        ]
        self.pictures = pictures | self.pictures
        self._drop_dispensable()
        self.changed.emit()

    def use_file(self, path: Path, version: SavedVersion) -> None:
        """Make a model file the live model, as the state that a version describes."""
        self._job.use(
            path,
            [from_json(ClassInfo, values) for values in version.classes],
            settings_of(version),
            origin=Restored(
                version.steps, version.seconds, version.accuracy is not None
            ),
            version=version.id if self.by_id(version.id) else "",
            total_steps=version.steps,
            total_seconds=version.seconds,
        )
        self.changed.emit()

    def reload_live_model(self) -> None:
        """Give an engine that was started again the last state of the live model."""
        live = self._live.now
        if live.step and live.is_lost and self._job.can_resume:
            steps, seconds = live.total_steps, live.total_seconds
            self._job.use(
                self._job.checkpoint,
                live.classes,
                live.settings or Settings(),
                origin=live.origin or Restored(steps, seconds, validated=False),
                version=live.version,
                total_steps=steps,
                total_seconds=seconds,
            )

    def set_picture(self, version_id: str, picture: bytes) -> None:
        """Show a version with this PNG."""
        if self.by_id(version_id) is not None:
            self.pictures[version_id] = picture
            self.changed.emit()

    def _restore(self, version: SavedVersion) -> None:
        self.use_file(self.path(version), version)
        # Strokes painted since are learnt on request, or with the next stroke.
        self._live.replace(has_new_strokes=False)
        self.restored.emit(version)

    def _on_live(self, now: LiveModel, before: LiveModel) -> None:
        if now.version != before.version:
            self.changed.emit()

    def _on_ended(self, trained: Trained) -> None:
        version = self._live.now.next_version
        self._live.replace(next_version=None)
        if trained.steps > 0:
            self._save()
        if version is not None:
            # The engine takes requests in turn: what has just been learnt is saved
            # before the other state takes its place.
            self._restore(version)

    def _save(self) -> None:
        live = self._live.now
        settings = live.settings or Settings()
        version = SavedVersion(
            id=uuid.uuid4().hex[:16],
            number=0,
            time=time.time(),
            steps=live.total_steps,
            seconds=round(live.total_seconds, 2),
            accuracy=None,
            settings={
                "preprocess": settings.preprocess and to_json(settings.preprocess),
                "network": settings.network and to_json(settings.network),
            },
            classes=tuple(to_json(info) for info in live.classes),
        )

        def answered(event: Event) -> None:
            if isinstance(event, ModelReady):
                self._add(version, event.info, generation=live.generation)
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
        self, version: SavedVersion, info: dict[str, Any], *, generation: int
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
        live = self._live.now
        if live.generation == generation and not live.is_running:
            self._live.replace(version=version.id)
        self._drop_dispensable()
        self.kept.emit(version)
        self.changed.emit()

    def _drop_dispensable(self) -> None:
        sizes = [_size(self.path(version)) for version in self._versions]
        for version in dispensable(self._versions, sizes, current=self.current):
            self._versions.remove(version)
            self.pictures.pop(version.id, None)
            for path in (self.path(version), self.picture_path(version)):
                path.unlink(missing_ok=True)


def settings_of(version: SavedVersion) -> Settings:
    """Return the preprocessing and the network a version was made with.

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

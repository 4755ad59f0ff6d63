"""Saves strokes, classes, settings and versions while a person works.

What is painted is written a moment later by a thread, and only where it changed, so
that the viewer does not wait for the disk and a crash costs next to nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError, OutputError
from napari_garage_unet.engine.labels.presets import presets_to_json
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.project.description import SavedProject, write_project
from napari_garage_unet.project.folders import tidy_up
from napari_garage_unet.project.tiles import write_tiles
from napari_garage_unet.session.background import Worker
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.models.versions import VersionList
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.auto_training import AutoTraining

from .fingerprint import Fingerprints
from .own_project import OwnProject
from .stroke_entries import StrokeEntries, TileWrite

logger = logging.getLogger(__name__)

SAVE_INTERVAL_SECONDS = 0.4
"""Seconds between two checks for something to be saved."""

MAX_CLOSING_SECONDS = 2.0
"""Seconds that closing waits for the fingerprint of an image at most."""

RETRY_SECONDS = 10.0
"""Seconds before the next attempt when the disk could not be written."""


class DiskState(Enum):
    """Whether saving works."""

    WRITABLE = "writable"
    FAILING = "failing"
    """The person knows; further failures are silent until something was written."""


@dataclass(frozen=True, slots=True)
class _Writing:
    """What the thread is writing."""

    outcome: Future[None]
    writes: list[TileWrite]
    project: SavedProject


class Autosave:
    """Keeps the project folder of a session up to date.

    Parameters
    ----------
    own
        The project folder of the session.
    images
        The images whose strokes are saved.
    classes
        The classes that are saved.
    auto_training
        Has the settings that are saved.
    results
        Has the rules and presets of the live model that are saved.
    versions
        The versions that are saved.
    fingerprints
        Tell images apart.

    Attributes
    ----------
    failed
        Saving does not work; emitted with the error, once until it works again.
    disk
        Whether saving works.
    """

    failed = Signal(object)

    def __init__(
        self,
        own: OwnProject,
        *,
        images: ImageList,
        classes: ClassList,
        auto_training: AutoTraining,
        results: ResultList,
        versions: VersionList,
        fingerprints: Fingerprints,
    ) -> None:
        self._own = own
        self._images = images
        self._classes = classes
        self._auto_training = auto_training
        self._results = results
        self._versions = versions
        self._fingerprints = fingerprints
        self._entries = StrokeEntries(images, fingerprints)
        self._worker = Worker("garage-save")
        self._writing: _Writing | None = None
        self._written: SavedProject | None = None
        self._when_saved: list[Callable[[], None]] = []
        self._next_check = 0.0
        self.disk = DiskState.WRITABLE
        own.created.connect(self._on_created)
        own.failed.connect(self._report)

    def run(self, work: Callable[[], Any]) -> Future[Any]:
        """Do work in the thread that writes, after what is being written."""
        try:
            return self._worker.submit(work)
        except RuntimeError:
            # Python is ending and starts no work in threads any more.
            return _done(work)

    def when_saved(self, action: Callable[[], None]) -> None:
        """Call a function on the main thread once all there is now has been saved."""
        self._when_saved.append(action)
        self._next_check = 0.0

    def poll(self) -> None:
        """Have written what has changed; takes milliseconds."""
        self._look_after_writing()
        now = time.monotonic()
        if now >= self._next_check and self._writing is None:
            self._next_check = now + SAVE_INTERVAL_SECONDS
            self._begin()

    def close(self) -> None:
        """Write what is left, wait for it, and let go of the folder."""
        if self._writing is not None:
            self._wait()
            self._look_after_writing()
        if self.disk is DiskState.WRITABLE:
            for annotated in self._images:
                if annotated.counts:
                    self._fingerprints.wait(
                        annotated.layers, seconds=MAX_CLOSING_SECONDS
                    )
            self._begin()
            self._wait()
            self._look_after_writing()
        if self.disk is DiskState.WRITABLE:
            self._call_when_saved()
        self._worker.close(wait=True)
        self._own.close(keep=not self._entries.is_empty or len(self._versions) > 0)

    def _on_created(self) -> None:
        self.run(lambda: _tidy_up(self._own.root))

    def _wait(self) -> None:
        if self._writing is not None:
            # `_look_after_writing` deals with an error.
            self._writing.outcome.exception()

    def _begin(self) -> None:
        self._entries.follow()
        if self._own.folder is None and not self._entries.is_painted:
            self._call_when_saved()
            return
        folder = self._own.ensure()
        if folder is None:
            self._next_check = time.monotonic() + RETRY_SECONDS
            return
        writes = self._entries.take_writes()
        project = self._describe()
        if not writes and project == self._written:
            self._call_when_saved()
            return

        def work() -> None:
            for write in writes:
                path = folder.strokes(write.entry.folder)
                write_tiles(path, write.pixels, sorted(write.tiles))
            # Last, so that it never names what is not there.
            write_project(folder.description, project)

        self._writing = _Writing(self.run(work), writes, project)

    def _look_after_writing(self) -> None:
        writing = self._writing
        if writing is None or not writing.outcome.done():
            return
        self._writing = None
        error = writing.outcome.exception()
        if error is None:
            self._written = writing.project
            self.disk = DiskState.WRITABLE
            return
        self._entries.give_back(writing.writes)
        self._next_check = time.monotonic() + RETRY_SECONDS
        if self._own.folder is not None and not self._own.folder.path.exists():
            # The folder was deleted: save everything to another one.
            self._own.abandon()
            self._written = None
            self._entries.mark_all()
        self._report(error)

    def _describe(self) -> SavedProject:
        settings = self._auto_training.settings
        rules = self._results.rules_of(LIVE)
        return SavedProject(
            images=self._entries.saved_images,
            versions=tuple(self._versions),
            classes=tuple(to_json(info) for info in self._classes),
            settings={
                "training": to_json(settings.training),
                "preprocess": settings.preprocess and to_json(settings.preprocess),
                "network": settings.network and to_json(settings.network),
                "by_itself": self._auto_training.by_itself,
            },
            rules={str(i): rule.to_json() for i, rule in rules.items()},
            current=self._versions.current,
            presets=presets_to_json(self._results.presets_of(LIVE)),
        )

    def _call_when_saved(self) -> None:
        actions, self._when_saved = self._when_saved, []
        for action in actions:
            action()

    def _report(self, error: BaseException) -> None:
        if self.disk is DiskState.FAILING:
            return
        self.disk = DiskState.FAILING
        logger.warning("The project cannot be saved: %s", error)
        text = str(error) if isinstance(error, GarageError) else repr(error)
        self.failed.emit(
            OutputError(
                f"What you paint is not being saved: {text} "
                "Save the strokes layer yourself."
            )
        )


def _done(work: Callable[[], Any]) -> Future[Any]:
    """Do work here and now; its outcome is looked at like that of a thread."""
    future: Future[Any] = Future()
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - the future carries the error
        future.set_exception(error)
    return future


def _tidy_up(root: Path) -> None:
    try:
        tidy_up(root)
    except OSError as error:
        logger.info("%s cannot be tidied up: %s", root, error)

"""Saves strokes, classes, settings and versions while a person works.

What is painted is written a moment later by a thread, and only where it changed, so
that the viewer does not wait for the disk and a crash costs next to nothing.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.layers import Labels
from numpy.typing import NDArray
from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError, OutputError
from napari_garage_unet.engine.labels.presets import presets_to_json
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.layers.images import full_resolution
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.project.description import (
    SavedImage,
    SavedProject,
    write_project,
)
from napari_garage_unet.project.folders import ProjectFolder, tidy_up
from napari_garage_unet.project.tiles import Tile, tiles_of, write_tiles
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.images.stroke_changes import StrokeChanges
from napari_garage_unet.session.models.versions import VersionList
from napari_garage_unet.session.results.result_list import ResultList
from napari_garage_unet.session.training.auto_training import AutoTraining

from .fingerprint import Fingerprints

logger = logging.getLogger(__name__)

INTERVAL = 0.4
"""Seconds between two looks at what is to be saved."""

LAST_LOOK = 2.0
"""Seconds that closing waits at the most for an image to be looked at."""

AFTER_FAILURE = 10.0
"""Seconds before it is tried again when the disk could not be written."""


@dataclass(slots=True)
class _Strokes:
    """Strokes of an image as they are known to the project."""

    folder: str
    layer: weakref.ref[Labels]
    watch: StrokeChanges
    painted: float = 0.0
    saved: SavedImage | None = None


@dataclass(frozen=True, slots=True)
class _Write:
    """Tiles of one array that are to be written."""

    entry: _Strokes
    pixels: NDArray[Any]
    tiles: frozenset[Tile]


class Autosave:
    """Keeps the project folder of a session up to date.

    Parameters
    ----------
    root
        The folder of all projects.
    images, classes, auto_training, results, versions
        What is saved.
    fingerprints
        Tell images apart.

    Attributes
    ----------
    failed
        Saving does not work; emitted with the error, once until it works again.
    folder
        The project folder; None as long as there is nothing worth one.
    longest
        The longest time in seconds that `poll` has taken.
    """

    failed = Signal(object)

    def __init__(
        self,
        root: Path,
        *,
        images: ImageList,
        classes: ClassList,
        auto_training: AutoTraining,
        results: ResultList,
        versions: VersionList,
        fingerprints: Fingerprints,
    ) -> None:
        self._root = root
        self._images = images
        self._classes = classes
        self._auto_training = auto_training
        self._results = results
        self._fingerprints = fingerprints
        self._entries: list[_Strokes] = []
        self._number = 0
        self._pool: ThreadPoolExecutor | None = None
        self._writing: tuple[Future[None], list[_Write], SavedProject] | None = None
        self._written: SavedProject | None = None
        self._waiting: list[Callable[[], None]] = []
        self._next = 0.0
        self._complained = False
        self._versions = versions
        self.folder: ProjectFolder | None = None
        self.longest = 0.0

    def ensure_folder(self) -> ProjectFolder | None:
        """The project folder, made when there is none; None where that fails."""
        if self.folder is None:
            try:
                self.folder = ProjectFolder.create(self._root)
            except OutputError as error:
                self._complain(error)
                return None
            self.run(lambda: _tidy_up(self._root))
        return self.folder

    def run(self, work: Callable[[], Any]) -> Future[Any]:
        """Have the thread that writes do something."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="garage-save")
        try:
            return self._pool.submit(work)
        except RuntimeError:
            # Python is about to end and starts no work in threads any more.
            return _done(work)

    def when_saved(self, action: Callable[[], None]) -> None:
        """Do something on the main thread once all there is now has been saved."""
        self._waiting.append(action)
        self._next = 0.0

    def poll(self) -> None:
        """Have written what has changed; takes a moment at most."""
        begin = time.monotonic()
        self._look_after_writing()
        if begin >= self._next and self._writing is None:
            self._next = begin + INTERVAL
            self._begin()
        self.longest = max(self.longest, time.monotonic() - begin)

    def close(self) -> None:
        """Write what is left, wait for it, and let go of the folder."""
        if self._writing is not None:
            self._wait()
            self._look_after_writing()
        if not self._complained:
            for annotated in self._images:
                if annotated.counts:
                    self._fingerprints.wait(annotated.layers, seconds=LAST_LOOK)
            self._begin()
            self._wait()
            self._look_after_writing()
        if not self._complained:
            self._call_waiting()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None
        if self.folder is not None:
            if self._is_empty():
                self.folder.remove()
            else:
                self.folder.release()

    def _wait(self) -> None:
        if self._writing is not None:
            # An error is dealt with when the outcome is looked at.
            self._writing[0].exception()

    def _begin(self) -> None:
        self._follow_images()
        if self.folder is None and not any(entry.painted for entry in self._entries):
            self._call_waiting()
            return
        folder = self.ensure_folder()
        if folder is None:
            self._next = time.monotonic() + AFTER_FAILURE
            return
        writes = [write for entry in self._entries for write in self._writes_of(entry)]
        project = self._describe()
        if not writes and project == self._written:
            self._call_waiting()
            return

        def work() -> None:
            for write in writes:
                path = folder.strokes(write.entry.folder)
                write_tiles(path, write.pixels, sorted(write.tiles))
            # Last, so that it never names what is not there.
            write_project(folder.description, project)

        self._writing = self.run(work), writes, project

    def _look_after_writing(self) -> None:
        if self._writing is None or not self._writing[0].done():
            return
        future, writes, project = self._writing
        self._writing = None
        error = future.exception()
        if error is None:
            self._written = project
            self._complained = False
            return
        for write in writes:
            write.entry.watch.unsaved |= write.tiles
        self._next = time.monotonic() + AFTER_FAILURE
        if self.folder is not None and not self.folder.path.exists():
            self._begin_anew()
        self._complain(error)

    def _begin_anew(self) -> None:
        """Save everything to another folder; somebody has deleted this one."""
        assert self.folder is not None
        self.folder.release()
        self.folder = self._written = None
        for entry in self._entries:
            shape = entry.watch.seen.shape
            entry.watch.unsaved.update(tiles_of(tuple(slice(0, n) for n in shape)))

    def _follow_images(self) -> None:
        for annotated in self._images:
            if annotated.watch is None or annotated.strokes is None:
                continue
            entry = next(
                (e for e in self._entries if e.layer() is annotated.strokes), None
            )
            if entry is None:
                self._number += 1
                entry = _Strokes(
                    f"strokes-{self._number}",
                    weakref.ref(annotated.strokes),
                    annotated.watch,
                )
                self._entries.append(entry)
            elif entry.watch is not annotated.watch:
                # Followed anew; what was painted before may be gone.
                entry.watch = annotated.watch
                shape = annotated.watch.seen.shape
                annotated.watch.unsaved.update(
                    tiles_of(tuple(slice(0, n) for n in shape))
                )
            if annotated.watch.unsaved or annotated.brush.is_down:
                entry.painted = time.time()
            self._note(annotated, entry)

    def _note(self, annotated: AnnotatedImage, entry: _Strokes) -> None:
        fingerprint = self._fingerprints.of_all(annotated.layers)
        if fingerprint is None or not entry.painted:
            return
        array = full_resolution(annotated.layer)
        source = annotated.layer.source.path
        entry.saved = SavedImage(
            name=annotated.name,
            shape=tuple(int(n) for n in array.shape),
            dtype=str(array.dtype),
            source=str(source) if source else "",
            fingerprint=fingerprint,
            strokes=entry.folder,
            strokes_shape=tuple(entry.watch.seen.shape),
            strokes_dtype=str(entry.watch.seen.dtype),
            layer=str(annotated.strokes.name) if annotated.strokes is not None else "",
            learns=annotated.learns,
            painted=round(entry.painted, 1),
        )

    def _writes_of(self, entry: _Strokes) -> list[_Write]:
        watch = entry.watch
        writes = []
        if watch.unsaved:
            tiles, watch.unsaved = frozenset(watch.unsaved), set()
            writes.append(_Write(entry, watch.seen, tiles))
        layer = entry.layer()
        annotated = None if layer is None else self._images.of_layer(layer)
        trail = (
            frozenset(annotated.brush.take()) if annotated is not None else frozenset()
        )
        if layer is not None and trail and layer.data.shape == watch.seen.shape:
            # A stroke that is not finished: straight from the layer.
            writes.append(_Write(entry, layer.data, trail))
        return writes

    def _describe(self) -> SavedProject:
        settings = self._auto_training.settings
        rules = self._results.rules_of(LIVE)
        return SavedProject(
            images=tuple(e.saved for e in self._entries if e.saved is not None),
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

    def _is_empty(self) -> bool:
        nothing_painted = not any(entry.watch.counts for entry in self._entries)
        return nothing_painted and not len(self._versions)

    def _call_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()

    def _complain(self, error: BaseException) -> None:
        if self._complained:
            return
        self._complained = True
        logger.warning("The project cannot be saved: %s", error)
        text = str(error) if isinstance(error, GarageError) else repr(error)
        self.failed.emit(
            OutputError(
                f"What you paint is not being saved: {text} "
                "Save the strokes layer yourself."
            )
        )


def _done(work: Callable[[], Any]) -> Future[Any]:
    """Do something here and now; the outcome is looked at like that of a thread."""
    future: Future[Any] = Future()
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever looks at the outcome gets it
        future.set_exception(error)
    return future


def _tidy_up(root: Path) -> None:
    try:
        tidy_up(root)
    except OSError as error:
        logger.info("%s cannot be tidied up: %s", root, error)

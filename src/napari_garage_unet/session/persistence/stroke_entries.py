"""The strokes of all images in the project folder, and what is to be saved."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from napari.layers import Labels
from numpy.typing import NDArray

from napari_garage_unet.layers.axes import full_resolution, layer_axes
from napari_garage_unet.project.description import SavedImage
from napari_garage_unet.project.tiles import Tile, tiles_of
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList
from napari_garage_unet.session.images.stroke_changes import StrokeChanges

from .fingerprint import Fingerprints


@dataclass(slots=True)
class StrokeEntry:
    """Strokes of an image in the project folder.

    Parameters
    ----------
    folder
        Name of the folder of their tiles.
    layer
        Their strokes layer.
    watch
        What was last seen of them, and which tiles are not saved yet.
    painted
        When something was painted last, in seconds since the epoch; 0 before.
    saved
        Their entry in the description of the project, once the image is known.
    """

    folder: str
    layer: weakref.ref[Labels]
    watch: StrokeChanges
    painted: float = 0.0
    saved: SavedImage | None = None

    def mark_all(self) -> None:
        """Take all tiles to be unsaved."""
        shape = self.watch.seen.shape
        self.watch.unsaved.update(tiles_of(tuple(slice(0, n) for n in shape)))


@dataclass(frozen=True, slots=True)
class TileWrite:
    """Tiles of one array that are to be written."""

    entry: StrokeEntry
    pixels: NDArray[Any]
    tiles: frozenset[Tile]


class StrokeEntries:
    """Follows the strokes layers of a session and collects what is to be written.

    Parameters
    ----------
    images
        The images.
    fingerprints
        Fingerprints of the images, which identify them.
    """

    def __init__(self, images: ImageList, fingerprints: Fingerprints) -> None:
        self._images = images
        self._fingerprints = fingerprints
        self._entries: list[StrokeEntry] = []
        self._number = 0

    @property
    def is_painted(self) -> bool:
        """Whether something was painted since the session began."""
        return any(entry.painted for entry in self._entries)

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is painted now."""
        return not any(entry.watch.counts for entry in self._entries)

    @property
    def saved_images(self) -> tuple[SavedImage, ...]:
        """The entries in the description of the project."""
        return tuple(e.saved for e in self._entries if e.saved is not None)

    def follow(self) -> None:
        """Take note of new strokes layers and of what was painted."""
        for annotated in self._images:
            if annotated.watch is None or annotated.strokes is None:
                continue
            entry = self._entry_of(annotated.strokes, annotated.watch)
            if annotated.watch.unsaved or annotated.brush.is_down:
                entry.painted = time.time()
            self._describe(annotated, entry)

    def take_writes(self) -> list[TileWrite]:
        """Return what is to be written; it counts as saved unless given back."""
        return [write for entry in self._entries for write in self._writes_of(entry)]

    def give_back(self, writes: Iterable[TileWrite]) -> None:
        """Take tiles to be unsaved again that could not be written."""
        for write in writes:
            write.entry.watch.unsaved |= write.tiles

    def mark_all(self) -> None:
        """Take all tiles of all strokes to be unsaved."""
        for entry in self._entries:
            entry.mark_all()

    def _entry_of(self, layer: Labels, watch: StrokeChanges) -> StrokeEntry:
        entry = next((e for e in self._entries if e.layer() is layer), None)
        if entry is None:
            self._number += 1
            entry = StrokeEntry(f"strokes-{self._number}", weakref.ref(layer), watch)
            self._entries.append(entry)
        elif entry.watch is not watch:
            # The layer is followed anew; what was painted before may be gone.
            entry.watch = watch
            entry.mark_all()
        return entry

    def _describe(self, annotated: AnnotatedImage, entry: StrokeEntry) -> None:
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
            axes=layer_axes(annotated.layer),
            painted=round(entry.painted, 1),
        )

    def _writes_of(self, entry: StrokeEntry) -> list[TileWrite]:
        watch = entry.watch
        writes = []
        if watch.unsaved:
            tiles, watch.unsaved = frozenset(watch.unsaved), set()
            writes.append(TileWrite(entry, watch.seen, tiles))
        layer = entry.layer()
        annotated = None if layer is None else self._images.of_layer(layer)
        trail = (
            frozenset(annotated.brush.take()) if annotated is not None else frozenset()
        )
        if annotated is not None and trail and annotated.watch is watch:
            # A stroke that is not finished: straight from the layer.
            writes.append(TileWrite(entry, annotated.painted_data, trail))
        return writes

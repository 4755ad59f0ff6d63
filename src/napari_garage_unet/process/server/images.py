"""The images and strokes that the viewer has given to the engine process."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.strokes import StrokeEdit
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.process.protocol.messages import (
    DropPlane,
    OpenImage,
    SetPlane,
    SetStrokes,
    SharedArray,
)
from napari_garage_unet.process.protocol.shared_memory import remove_leftovers

from .opened_image import OpenedImage

MAX_KEPT_SEGMENTS = 64
"""Latest segments that are remembered, besides those of open images."""


class ImageRegistry:
    """Images by key, each with its strokes.

    Written by the receiving thread, so that the viewer gets its shared memory back at
    once even during a computation; read by the computing thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, OpenedImage] = {}
        self._latest_segments: deque[str] = deque(maxlen=MAX_KEPT_SEGMENTS)

    def open_image(self, request: OpenImage) -> None:
        """Open an image; its array, if it has one, stays in shared memory.

        Raises
        ------
        InputError
            If the axes do not describe the array, or it is empty.
        EngineError
            If the array was removed.
        """
        self._replace(request.key, OpenedImage(request))

    def close_image(self, key: str) -> None:
        """Close an image; without effect if it is not open."""
        self._replace(key, None)

    def set_plane(self, request: SetPlane) -> None:
        """Give an image one of its planes, which stays in shared memory.

        Raises
        ------
        InputError
            If the image is not open, or has no such plane.
        EngineError
            If the array was removed.
        """
        entry = self._entry(request.key)
        with self._lock:
            entry.set_plane(request)

    def drop_plane(self, request: DropPlane) -> None:
        """Take a plane from an image; without effect if it is not there."""
        with self._lock:
            entry = self._entries.get(request.key)
            if entry is not None:
                entry.drop_plane(request.plane)

    def set_strokes(self, request: SetStrokes) -> bool:
        """Copy the strokes of an image, or those in a box of it.

        Returns
        -------
        bool
            False if the box does not follow the strokes that are known, so that all
            of them are needed; nothing has changed then.

        Raises
        ------
        InputError
            If the image is not open or has another shape.
        EngineError
            If the array was removed.
        """
        self.note(request.array)
        entry = self._entry(request.key)
        with self._lock:
            if request.box is not None:
                return entry.edit_strokes(request)
            entry.set_strokes(request)
            return True

    def image(self, key: str) -> Image:
        """Find an image.

        Raises
        ------
        InputError
            If it is not open.
        """
        return self._entry(key).image

    def images(self) -> list[Image]:
        """List the open images, the latest last."""
        with self._lock:
            return [entry.image for entry in self._entries.values()]

    def strokes(self, key: str) -> NDArray[np.generic]:
        """Copy the strokes of an image: class ids of its spatial shape, 0 unlabelled.

        Raises
        ------
        InputError
            If the image is not open.
        """
        entry = self._entry(key)
        with self._lock:
            return entry.strokes()

    def edits_since(self, key: str, strokes_id: int) -> tuple[int, list[StrokeEdit]]:
        """Return what has changed in the strokes of an image.

        Parameters
        ----------
        key
            The image.
        strokes_id
            Id of the `SetStrokes` after which the changes are wanted.

        Returns
        -------
        strokes_id : int
            Id of the newest `SetStrokes`.
        edits : list of StrokeEdit
            The changes in their order; a single one of the whole image where they are
            not kept any more.

        Raises
        ------
        InputError
            If the image is not open.
        """
        entry = self._entry(key)
        with self._lock:
            return entry.strokes_id, entry.edits_since(strokes_id)

    def strokes_id(self, key: str) -> int:
        """Id of the newest `SetStrokes` of an image; 0 before any.

        Raises
        ------
        InputError
            If the image is not open.
        """
        return self._entry(key).strokes_id

    def note(self, array: SharedArray) -> None:
        """Remember the segment of an array, to remove it after a killed viewer."""
        self._remember(array.segment)

    def remove_leftovers(self) -> None:
        """Remove the shared memory of a viewer that was killed."""
        with self._lock:
            segments = [entry.segments for entry in self._entries.values()]
        remove_leftovers(set(self._latest_segments).union(*segments))

    def _entry(self, key: str) -> OpenedImage:
        with self._lock:
            entry = self._entries.get(key)
        if entry is None:
            raise InputError(
                "The image was closed before the engine came to it; "
                "open it and ask again."
            )
        return entry

    def _replace(self, key: str, entry: OpenedImage | None) -> None:
        with self._lock:
            former = self._entries.pop(key, None)
            if entry is not None:
                self._entries[key] = entry
        if former is None:
            return
        segments, blocks = former.segments, former.blocks
        del former  # Its image is a view of the memory that is unmapped now.
        for segment in segments:
            self._remember(segment)
        for block in blocks:
            block.close()

    def _remember(self, segment: str) -> None:
        if segment not in self._latest_segments:
            self._latest_segments.append(segment)

"""The images and strokes that the viewer has given to the engine process."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.strokes import StrokeEdit, check_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.process.protocol.messages import (
    OpenImage,
    SetStrokes,
    SharedArray,
)
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock
from napari_garage_unet.process.protocol.shared_memory import remove_leftovers

MAX_KEPT_SEGMENTS = 64
"""Latest segments that are remembered, besides those of open images."""

MAX_KEPT_EDITS = 64
"""Latest edits of each image that are kept; a training that has not taken older ones
gets the whole array."""


@dataclass(slots=True)
class _Entry:
    image: Image
    block: AttachedBlock
    segment: str
    strokes: NDArray[np.generic]  # written to under the registry's lock
    strokes_id: int = 0
    edits: deque[tuple[SetStrokes, StrokeEdit]] = field(
        default_factory=lambda: deque(maxlen=MAX_KEPT_EDITS)
    )


class ImageRegistry:
    """Images by key, each with its strokes.

    Written by the receiving thread, so that the viewer gets its shared memory back at
    once even during a computation; read by the computing thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._latest_segments: deque[str] = deque(maxlen=MAX_KEPT_SEGMENTS)

    def open_image(self, request: OpenImage) -> None:
        """Open an image; its array stays in shared memory.

        Raises
        ------
        InputError
            If the axes do not describe the array, or it is empty.
        EngineError
            If the array was removed.
        """
        block = AttachedBlock(request.array)
        try:
            image = Image(block.array, request.axes, request.spacing, name=request.name)
        except InputError:
            block.close()
            raise
        nothing = np.broadcast_to(np.uint8(0), image.spatial_shape)
        segment = request.array.segment
        entry = _Entry(image, block, segment, nothing)
        self._replace(request.key, entry)

    def close_image(self, key: str) -> None:
        """Close an image; without effect if it is not open."""
        self._replace(key, None)

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
        image = entry.image
        if request.box is None:
            with AttachedBlock(request.array) as block:
                strokes = block.array.copy()
            check_strokes(image, strokes)
            with self._lock:
                entry.strokes, entry.strokes_id = strokes, request.id
                entry.edits.clear()
            return True
        box = tuple(slice(start, stop) for start, stop in request.box)
        if request.follows == 0 or request.follows != entry.strokes_id:
            return False
        with AttachedBlock(request.array) as block:
            values = block.array.copy()
        with self._lock:
            entry.strokes[box] = values
            entry.strokes_id = request.id
            entry.edits.append((request, StrokeEdit(box, values)))
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
            return entry.strokes.copy()

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
            newest = entry.strokes_id
            if strokes_id == newest:
                return newest, []
            followed = [request.follows for request, _ in entry.edits]
            if strokes_id in followed:
                edits = [edit for _, edit in entry.edits]
                return newest, edits[followed.index(strokes_id) :]
            whole = tuple(slice(0, length) for length in entry.strokes.shape)
            return newest, [StrokeEdit(whole, entry.strokes.copy())]

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
            segments = {entry.segment for entry in self._entries.values()}
        remove_leftovers(segments | set(self._latest_segments))

    def _entry(self, key: str) -> _Entry:
        with self._lock:
            entry = self._entries.get(key)
        if entry is None:
            raise InputError(
                "The image was closed before the engine came to it; "
                "open it and ask again."
            )
        return entry

    def _replace(self, key: str, entry: _Entry | None) -> None:
        with self._lock:
            former = self._entries.pop(key, None)
            if entry is not None:
                self._entries[key] = entry
        if former is None:
            return
        block, segment = former.block, former.segment
        del former  # Its image is a view of the memory that is unmapped now.
        self._remember(segment)
        block.close()

    def _remember(self, segment: str) -> None:
        if segment not in self._latest_segments:
            self._latest_segments.append(segment)

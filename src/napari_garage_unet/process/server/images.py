"""The images and strokes the viewer has handed to the engine process."""

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

MAX_KEPT_EDITS = 64
"""Edits of an image that are kept for a training that has not come to them yet; one
that is further behind takes the whole array."""


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

    Filled by the thread that receives, so that the viewer gets its memory back at
    once whatever the engine is busy with; read by the one that computes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._lately: deque[str] = deque(maxlen=64)

    def open_image(self, request: OpenImage) -> None:
        """Make an image known; it is read where it lies.

        Raises
        ------
        InputError
            If the axes do not describe the array, or it is empty.
        EngineError
            If the array is not there.
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
        """Forget an image. One that is not open is no error."""
        self._replace(key, None)

    def set_strokes(self, request: SetStrokes) -> bool:
        """Copy the strokes of an image, or those in a box of it.

        Returns
        -------
        bool
            False if the box is not of the strokes that are here, so that all of them
            are needed; nothing has been changed then.

        Raises
        ------
        InputError
            If the image is not open or has another shape.
        EngineError
            If the array is not there.
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
        """List the images that are open, the latest last."""
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
        """Find what has changed in the strokes of an image.

        Parameters
        ----------
        key
            The image.
        strokes_id
            Id of the request that brought the strokes that are known.

        Returns
        -------
        strokes_id : int
            Id of the request that brought the newest.
        edits : list of StrokeEdit
            In the order they were made; one of the whole image where that is not
            known any more.

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
        """Id of the request that has brought the strokes of an image; 0 before any.

        Raises
        ------
        InputError
            If the image is not open.
        """
        return self._entry(key).strokes_id

    def note(self, array: SharedArray) -> None:
        """Remember a segment in case the viewer cannot remove it any more."""
        self._remember(array.segment)

    def remove_leftovers(self) -> None:
        """Remove the shared memory of a viewer that is gone."""
        with self._lock:
            segments = {entry.segment for entry in self._entries.values()}
        remove_leftovers(segments | set(self._lately))

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
        del former  # It has a view of the memory that is let go of now.
        self._remember(segment)
        block.close()

    def _remember(self, segment: str) -> None:
        if segment not in self._lately:
            self._lately.append(segment)

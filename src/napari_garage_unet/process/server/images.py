"""The images and strokes the viewer has handed to the engine process."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.strokes import check_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.process.protocol.messages import (
    OpenImage,
    SetStrokes,
    SharedArray,
)
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock
from napari_garage_unet.process.protocol.shared_memory import remove_leftovers


@dataclass(slots=True)
class _Entry:
    image: Image
    block: AttachedBlock
    segment: str
    strokes: NDArray[np.generic]
    strokes_id: int = 0


class ImageRegistry:
    """Images by key, each with its strokes.

    Filled by the thread that receives, so that the viewer gets its memory back at
    once whatever the engine is busy with; read by the one that computes. An image and
    its strokes are the same objects until they are replaced.
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

    def set_strokes(self, request: SetStrokes) -> None:
        """Copy the strokes of an image.

        Raises
        ------
        InputError
            If the image is not open or has another shape.
        EngineError
            If the array is not there.
        """
        self.note(request.array)
        image = self.image(request.key)
        with AttachedBlock(request.array) as block:
            strokes = block.array.copy()
        check_strokes(image, strokes)
        with self._lock:
            entry = self._entries.get(request.key)
            if entry is not None and entry.image is image:
                entry.strokes = strokes
                entry.strokes_id = request.id

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
        """Strokes of an image: class ids of its spatial shape, 0 = unlabelled.

        Raises
        ------
        InputError
            If the image is not open.
        """
        return self._entry(key).strokes

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

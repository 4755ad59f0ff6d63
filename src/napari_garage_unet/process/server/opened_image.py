"""An image that the viewer has given to the engine process, with its strokes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.strokes import StrokeEdit, check_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.images.planes_at_hand import PlanesAtHand
from napari_garage_unet.process.protocol.messages import (
    OpenImage,
    SetPlane,
    SetStrokes,
    SharedArray,
)
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock

MAX_KEPT_EDITS = 64
"""Latest edits of each image that are kept; a training that has not taken older ones
gets the whole array."""


class OpenedImage:
    """An image in shared memory, as a whole or plane by plane, and its strokes.

    It is written to under the lock of the registry that has it.

    Parameters
    ----------
    request
        The request that has opened it.

    Attributes
    ----------
    image
        The image.
    strokes_id
        Id of the newest `SetStrokes`; 0 before any.

    Raises
    ------
    InputError
        If the axes do not describe the array, or it is empty.
    EngineError
        If the array was removed.
    """

    def __init__(self, request: OpenImage) -> None:
        array = request.array
        self._whole = AttachedBlock(array) if array.segment else None
        self._planes: dict[PlaneIndex, tuple[str, AttachedBlock]] = {}
        self._segment = array.segment
        try:
            self.image = Image(
                PlanesAtHand(array.shape, array.dtype, request.axes, name=request.name)
                if self._whole is None
                else self._whole.array,
                request.axes,
                request.spacing,
                name=request.name,
                nodata=request.nodata,
                data_mask=_copy(request.mask),
            )
        except InputError:
            if self._whole is not None:
                self._whole.close()
            raise
        self.strokes_id = 0
        self._strokes: NDArray[np.generic] = np.broadcast_to(
            np.uint8(0), self.image.spatial_shape
        )
        # Of the first axis of a stack, to copy no planes on which nothing is painted.
        self._painted: set[int] = set()
        self._edits: deque[tuple[SetStrokes, StrokeEdit]] = deque(maxlen=MAX_KEPT_EDITS)

    @property
    def segments(self) -> set[str]:
        """Names of the segments of shared memory that it is in."""
        names = {name for name, _ in self._planes.values()}
        return names | ({self._segment} if self._segment else set())

    @property
    def blocks(self) -> list[AttachedBlock]:
        """The shared memory that it is in, to be closed with it."""
        blocks = [block for _, block in self._planes.values()]
        return blocks if self._whole is None else [self._whole, *blocks]

    def set_plane(self, request: SetPlane) -> None:
        """Take a plane.

        Raises
        ------
        InputError
            If there is no such plane, or the image came as a whole.
        EngineError
            If the array was removed.
        """
        data, index = self.image.data, request.plane
        lengths = [self.image.data.shape[i] for i in self._stack()]
        inside = len(index) == len(lengths) and all(
            0 <= i < n for i, n in zip(index, lengths, strict=True)
        )
        if not isinstance(data, PlanesAtHand) or not inside:
            raise InputError(f"{self.image.name} has no plane {index} to be set.")
        block = AttachedBlock(request.array)
        self.drop_plane(index)
        self._planes[index] = request.array.segment, block
        data.put(index, block.array)

    def drop_plane(self, index: PlaneIndex) -> None:
        """Let go of a plane; without effect if it is not there."""
        if index in self._planes and isinstance(self.image.data, PlanesAtHand):
            self.image.data.drop(index)
            self._planes.pop(index)[1].close()

    def set_strokes(self, request: SetStrokes) -> None:
        """Replace all strokes.

        Raises
        ------
        InputError
            If they have another shape than the image.
        EngineError
            If the array was removed.
        """
        with AttachedBlock(request.array) as block:
            values = block.array.copy()
        if request.positions is None:
            strokes, painted = values, set(range(len(values)))
            check_strokes(self.image, strokes)
        else:
            painted = set(request.positions)
            shape = self.image.spatial_shape
            if values.shape != (len(request.positions), *shape[1:]) or not all(
                0 <= i < shape[0] for i in painted
            ):
                raise InputError(
                    f"Strokes of shape {values.shape} are no {len(painted)} positions "
                    f"of {self.image.name}, which has shape {shape}."
                )
            # Untouched pages of zeros take no memory.
            strokes = np.zeros(shape, values.dtype)
            check_strokes(self.image, strokes)
            for position, of_it in zip(request.positions, values, strict=True):
                strokes[position] = of_it
        self._strokes, self._painted = strokes, painted
        self.strokes_id = request.id
        self._edits.clear()

    def edit_strokes(self, request: SetStrokes) -> bool:
        """Replace the strokes in a box; False if all of them are needed.

        Raises
        ------
        EngineError
            If the array was removed.
        """
        if request.follows == 0 or request.follows != self.strokes_id:
            return False
        box = tuple(slice(start, stop) for start, stop in request.box or ())
        with AttachedBlock(request.array) as block:
            values = block.array.copy()
        self._strokes[box] = values
        self._painted.update(range(box[0].start, box[0].stop))
        self.strokes_id = request.id
        self._edits.append((request, StrokeEdit(box, values)))
        return True

    def strokes(self) -> NDArray[np.generic]:
        """Copy the strokes; of a stack only where something may be painted."""
        if len(self._painted) == len(self._strokes):
            return self._strokes.copy()
        copied = np.zeros(self._strokes.shape, self._strokes.dtype)
        for position in self._painted:
            copied[position] = self._strokes[position]
        return copied

    def edits_since(self, strokes_id: int) -> list[StrokeEdit]:
        """Return the changes after a `SetStrokes`, in their order."""
        if strokes_id == self.strokes_id:
            return []
        followed = [request.follows for request, _ in self._edits]
        if strokes_id in followed:
            edits = [edit for _, edit in self._edits]
            return edits[followed.index(strokes_id) :]
        whole = tuple(slice(0, length) for length in self._strokes.shape)
        return [StrokeEdit(whole, self.strokes())]

    def _stack(self) -> Iterator[int]:
        return (self.image.axes.index(axis) for axis in self.image.stack_axes)


def _copy(array: SharedArray | None) -> NDArray[np.generic] | None:
    """Copy an array out of shared memory, if there is one."""
    if array is None:
        return None
    with AttachedBlock(array) as block:
        return block.array.copy()

"""Probabilities of an image, kept plane by plane with the state of the model."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.engine.inference.boxes import Box

from .mapped_array import MappedArray, Part
from .slab import Slab
from .upsample import enlarge

PlaneState = tuple[int, int]
"""State of a model: its generation, then its step."""

NOTHING: PlaneState = (-1, -1)
"""State of a plane that has not been computed; below all others."""

MAX_BYTES_IN_MEMORY = 1 << 30
"""Bytes of probabilities up to which they are kept in memory, not in a file."""


class ProbabilityStore:
    """Probabilities of the planes of an image that have been computed.

    Parameters
    ----------
    image
        The image.
    n_classes
        Number of classes.

    Attributes
    ----------
    states
        State of the model by plane, of those that have been computed.

    Raises
    ------
    OutputError
        If they are too large for the memory and there is no temporary file for them.
    """

    def __init__(self, image: Image, n_classes: int) -> None:
        self._image = image
        shape = (n_classes, *image.spatial_shape)
        self._mapped: MappedArray | None = None
        if math.prod(shape) <= MAX_BYTES_IN_MEMORY:
            # The system assigns pages only when they are written.
            self._all = np.zeros(shape, np.uint8)
        else:
            what = f"The probabilities of {image.name} need"
            self._mapped = MappedArray(shape, what=what)
            self._all = self._mapped.array
        self.states: dict[PlaneIndex, PlaneState] = {}

    @property
    def all_planes(self) -> NDArray[np.uint8]:
        """``(n_classes, *spatial)`` uint8, 255 is certain; 0 where not computed.

        Raises
        ------
        OutputError
            If there is no room for all planes, those without probabilities included.
        """
        self.reserve(self._image.plane_indices())
        return self._all

    def reserve(self, indices: Iterable[PlaneIndex]) -> None:
        """Make sure that probabilities of these planes can be kept.

        Raises
        ------
        OutputError
            If there is no room for them.
        """
        if self._mapped is not None:
            self._mapped.reserve(
                [part for index in indices for part in self._parts(index)]
            )

    def state_of(self, index: PlaneIndex) -> PlaneState:
        """Return the state of the model that computed a plane, or `NOTHING`."""
        return self.states.get(index, NOTHING)

    def of_slab(self, slab: Slab) -> NDArray[np.uint8] | None:
        """Return the probabilities of a slab, as a view.

        Returns
        -------
        ndarray or None
            ``(n_classes, H, W)`` uint8, of a volume ``(n_classes, D, H, W)``; None
            where its first plane has not been computed.
        """
        if slab.planes[0] not in self.states:
            return None
        return slab.part_of(self._all, self._image)

    def put(
        self,
        index: PlaneIndex,
        probabilities: NDArray[np.uint8],
        *,
        state: PlaneState,
        box: Box | None = None,
        step: int = 1,
    ) -> tuple[slice, slice]:
        """Write probabilities of a plane, or of a box of it.

        Parameters
        ----------
        index
            Which plane.
        probabilities
            ``(n_classes, ceil(h / step), ceil(w / step))`` uint8.
        state
            State of the model that computed them.
        box
            ``(y0, y1, x0, x1)`` in pixels of the plane; None is all of it.
        step
            Pixels from one value to the next; each value stands for the pixels up to
            the next.

        Returns
        -------
        tuple of slice
            Rows and columns of the plane that were written.

        Raises
        ------
        OutputError
            If there is no room for the plane; nothing has changed then.
        """
        self.reserve([index])
        self.states[index] = state
        plane = self.of_slab(Slab((index,)))
        assert plane is not None
        y0, y1, x0, x1 = box or (0, plane.shape[1], 0, plane.shape[2])
        here = (slice(y0, y1), slice(x0, x1))
        plane[(slice(None), *here)] = enlarge(probabilities, step, plane[:, *here])
        return here

    def _parts(self, index: PlaneIndex) -> list[Part]:
        """Return where a plane lies in the file, class by class."""
        n_classes, *shape = self._all.shape
        in_class = math.prod(shape)
        axes = self._image.spatial_axes
        if set(axes[-2:]) != {"y", "x"}:
            return [(0, n_classes * in_class)]  # planes lie in many pieces
        size = shape[-2] * shape[-1]
        number = 0
        for length, at in zip(shape[:-2], index, strict=True):
            number = number * length + at
        return [(k * in_class + number * size, size) for k in range(n_classes)]

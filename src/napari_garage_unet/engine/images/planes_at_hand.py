"""An array of which only some planes are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_garage_unet.engine.errors import InputError

from .image import PlaneIndex

T = TypeVar("T")


class PlanesAtHand:
    """Stands for the array of an image whose planes come one by one.

    The viewer keeps the array, which may be larger than memory, and hands over the
    planes that are needed.

    Parameters
    ----------
    shape
        Length of each axis of the whole array.
    dtype
        Of its values.
    axes
        One letter of ``"tzyxc"`` per axis.
    name
        Name of the image in error messages.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: DTypeLike, axes: str, *, name: str
    ) -> None:
        self._shape, self._dtype = tuple(shape), np.dtype(dtype)
        self._stack = [i for i, axis in enumerate(axes) if axis not in "yxc"]
        self._name = name
        self._axes = axes
        self._planes: dict[PlaneIndex, NDArray[Any]] = {}
        self._sample: tuple[PlaneIndex, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self._dtype

    @property
    def indices(self) -> tuple[PlaneIndex, ...]:
        """Positions of the planes that are there, in the order of the array."""
        return tuple(sorted(self._planes))

    def sample(self, at_most: int) -> tuple[PlaneIndex, ...]:
        """Choose planes that stand for all, among those that are there.

        The first choice stays: what is measured on it must not change when more planes
        come.
        """
        if self._sample is None and self._planes:
            self._sample = spread(self.indices, at_most)
        return self._sample or ()

    def put(self, index: PlaneIndex, plane: NDArray[Any]) -> None:
        """Hand over a plane, with the axes of the array that do not number planes."""
        self._planes[index] = plane

    def drop(self, index: PlaneIndex) -> None:
        """Let go of a plane; without effect if it is not there."""
        self._planes.pop(index, None)

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        index = tuple(int(key[i]) for i in self._stack)
        plane = self._planes.get(index)
        if plane is None:
            where = name_plane(self._axes, index)
            raise InputError(
                f"{where or 'The picture'} of {self._name} has not been read; "
                "ask for it again."
            )
        part: NDArray[Any] = plane[
            tuple(k for i, k in enumerate(key) if i not in self._stack)
        ]
        return part


def name_plane(axes: str, index: PlaneIndex) -> str:
    """Name a plane by its position, such as ``"Plane t 3, z 0"``.

    Parameters
    ----------
    axes
        Axes of the image.
    index
        Position of the plane; the name of ``()`` is empty.
    """
    stack = [axis for axis in axes if axis not in "yxc"]
    at = ", ".join(f"{axis} {i}" for axis, i in zip(stack, index, strict=True))
    return f"Plane {at}" if at else ""


def spread(indices: Sequence[T], at_most: int) -> tuple[T, ...]:
    """Choose planes spread evenly over a list, with its first and its last one."""
    if len(indices) <= at_most:
        return tuple(indices)
    last, n_steps = len(indices) - 1, max(at_most - 1, 1)
    return tuple(indices[round(last * i / n_steps)] for i in range(at_most))

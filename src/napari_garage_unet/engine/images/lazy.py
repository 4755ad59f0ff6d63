"""Arrays that are not in memory, and how they are kept from being read as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import GarageError, InputError

from .computing import as_array
from .image import ArrayLike, Image, PlaneIndex
from .planes_at_hand import name_plane

MAX_JOINED_BYTES = 100_000_000
"""Size of an image whose channels are joined at once; larger ones are by plane."""


def is_in_memory(array: Any) -> bool:
    """Whether an array is NumPy's own, and not mapped from a file."""
    if not isinstance(array, np.ndarray):
        return False
    base: Any = array
    while base is not None:
        if isinstance(base, np.memmap):
            return False
        base = getattr(base, "base", None)
    return True


def as_sliceable(array: Any) -> ArrayLike:
    """Return an array that can be read piece by piece, without reading any.

    Parameters
    ----------
    array
        Dask, Zarr, HDF5, memory-mapped or NumPy array, or anything else that NumPy can
        read; only what has no NumPy type or cannot be sliced is read here.
    """
    try:
        np.dtype(array.dtype)
    except (AttributeError, TypeError):
        return np.asarray(array)
    readable: ArrayLike = array
    return readable


def read_part(image: Image, index: PlaneIndex) -> NDArray[Any]:
    """Read a plane in the order of the array's axes, saying what cannot be read.

    Parameters
    ----------
    image
        The image.
    index
        Position of the plane along `Image.stack_axes`.

    Returns
    -------
    ndarray
        The axes of the image that do not number planes, in their order.

    Raises
    ------
    InputError
        If it cannot be read, for whatever reason, naming image and plane.
    """
    at = dict(zip(image.stack_axes, index, strict=True))
    key = tuple(at.get(axis, slice(None)) for axis in image.axes)
    shape = tuple(
        n
        for n, axis in zip(image.data.shape, image.axes, strict=True)
        if axis not in at
    )
    try:
        plane = as_array(image.data[key])
        if plane.shape != shape:
            raise ValueError(f"it has shape {plane.shape} instead of {shape}")
    except GarageError:
        raise
    # A lazy array runs whatever code it was made with.
    except Exception as error:
        what = name_plane(image.axes, index)
        said = str(error) or type(error).__name__
        raise InputError(
            f"{what + ' of ' if what else ''}{image.name!r} cannot be read ({said}); "
            "check that its file is complete and can be reached."
        ) from error
    return plane


def join_channels(images: Sequence[Image]) -> ArrayLike:
    """Return the channels of images, one after the other, as one array.

    Parameters
    ----------
    images
        Images of the same spatial axes and shape.

    Returns
    -------
    ArrayLike
        ``(*spatial, C)``; in memory, unless it would be large or an image is not.
    """
    stacked = StackedChannels(
        [
            ChannelsLast(i.data, i.axes.index("c") if "c" in i.axes else None)
            for i in images
        ]
    )
    in_memory = all(is_in_memory(image.data) for image in images)
    if in_memory and prod(stacked.shape) * stacked.dtype.itemsize <= MAX_JOINED_BYTES:
        return stacked[(slice(None),) * len(stacked.shape)]
    return stacked


def first_channels(array: ArrayLike, n: int) -> ArrayLike:
    """Return an array without the channels behind the first `n` of its last axis.

    Nothing is read: of an array in memory it is a view.
    """
    if is_in_memory(array):
        view: ArrayLike = array[..., :n]
        return view
    return FirstChannels(array, n)


class FirstChannels:
    """An array of which only the first entries along the last axis count.

    Parameters
    ----------
    array
        The array.
    n
        Number of entries.
    """

    def __init__(self, array: ArrayLike, n: int) -> None:
        self._array, self._n = array, n

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return (*self._array.shape[:-1], self._n)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._array.dtype)
        return dtype

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        *place, channels = key
        read = as_array(self._array[(*place, slice(self._n))])
        part: NDArray[Any] = read[..., channels]
        return part


class StackedChannels:
    """Arrays of the same shape as the channels of one, which come last in it.

    Parameters
    ----------
    arrays
        Arrays with as many axes as each other, the last one that of their channels.
    """

    def __init__(self, arrays: Sequence[ArrayLike]) -> None:
        self._arrays = tuple(arrays)
        self._channels = sum(array.shape[-1] for array in arrays)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return (*self._arrays[0].shape[:-1], self._channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type that holds the values of all."""
        return np.result_type(*(np.dtype(array.dtype) for array in self._arrays))

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        *place, channels = key
        parts = [as_array(array[(*place, slice(None))]) for array in self._arrays]
        joined: NDArray[Any] = np.concatenate(parts, axis=-1)[..., channels]
        return joined


class ChannelsLast:
    """An array with its channels moved to the end, or with a new axis of one channel.

    Parameters
    ----------
    array
        The array.
    at
        Which of its axes is that of the channels; None where it has none.
    """

    def __init__(self, array: ArrayLike, at: int | None) -> None:
        self._array, self._at = array, at

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        shape = list(self._array.shape)
        n_channels = 1 if self._at is None else shape.pop(self._at)
        return (*shape, n_channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._array.dtype)
        return dtype

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        *place, channels = key
        if self._at is None:
            return as_array(self._array[tuple(place)])[..., np.newaxis][..., channels]
        inner = [*place[: self._at], slice(None), *place[self._at :]]
        read = as_array(self._array[tuple(inner)])
        # Axes that are indexed by a number are gone.
        before = sum(isinstance(k, slice) for k in place[: self._at])
        part: NDArray[Any] = np.moveaxis(read, before, -1)[..., channels]
        return part

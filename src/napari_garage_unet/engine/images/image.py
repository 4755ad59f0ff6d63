"""What the axes of an image mean. The only place that knows.

An `Image` is any array (NumPy, Dask, Zarr, ...) with one letter per axis. Networks
see it as *planes* of shape ``(H, W, C)`` in float32; everything in front of ``y`` and
``x`` is a stack of planes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError

AXES = "tzyxc"
"""Letters an axis can have: time, depth, height, width, channel."""

PlaneIndex = tuple[int, ...]
"""Position of a plane along the axes in front of ``y`` and ``x``."""


class ArrayLike(Protocol):
    """The little that is asked of an array: shape, dtype and slicing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> Any:
        """Type of the values, as NumPy knows it."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An array and the meaning of its axes.

    Parameters
    ----------
    data
        Array of bool, integers or floats. Read plane by plane, never as a whole, so
        lazy arrays stay lazy.
    axes
        One letter of ``"tzyxc"`` per axis of `data`, each at most once, with ``y`` and
        ``x`` among them.
    spacing
        Size of a pixel along each spatial axis (all axes but ``c``), in `units`.
    units
        Name of the unit of `spacing`, for example ``"micrometer"``.
    name
        What error messages call the image.

    Raises
    ------
    InputError
        If the axes do not describe the array, or the array is empty or not numeric.
    """

    data: ArrayLike
    axes: str
    spacing: tuple[float, ...] = ()
    units: str = "pixel"
    name: str = "image"

    def __post_init__(self) -> None:
        check_axes(self.axes, self.data.shape, name=self.name)
        if 0 in self.data.shape:
            raise InputError(
                f"{self.name} is empty (shape {tuple(self.data.shape)}); "
                "choose an image with pixels."
            )
        if np.dtype(self.data.dtype).kind not in "buif":
            raise InputError(
                f"{self.name} holds values of type {self.data.dtype}; "
                "whole numbers, floats or bool are needed."
            )
        if not self.spacing:
            object.__setattr__(self, "spacing", (1.0,) * len(self.spatial_axes))
        if len(self.spacing) != len(self.spatial_axes):
            raise InputError(
                f"{self.name} has {len(self.spatial_axes)} spatial axes but a spacing "
                f"of {len(self.spacing)} numbers."
            )

    @property
    def spatial_axes(self) -> str:
        """The axes without ``c``, in the order of the array."""
        return self.axes.replace("c", "")

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """Lengths of the spatial axes: the shape its strokes must have."""
        return tuple(
            n for n, a in zip(self.data.shape, self.axes, strict=True) if a != "c"
        )

    @property
    def n_channels(self) -> int:
        """Number of channels; 1 where there is no channel axis."""
        at = self.axes.find("c")
        return 1 if at < 0 else int(self.data.shape[at])

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        shape = dict(zip(self.axes, self.data.shape, strict=True))
        return int(shape["y"]), int(shape["x"])

    @property
    def stack_axes(self) -> str:
        """The axes that number the planes: all but ``y``, ``x`` and ``c``."""
        return "".join(a for a in self.axes if a not in "yxc")

    def plane_indices(self) -> Iterator[PlaneIndex]:
        """Positions of all planes, in the order of the array."""
        lengths = (self.data.shape[self.axes.index(a)] for a in self.stack_axes)
        return np.ndindex(*lengths)

    def plane(self, index: PlaneIndex = ()) -> NDArray[Any]:
        """Read one plane.

        Parameters
        ----------
        index
            Position along `stack_axes`; ``()`` for an image that is a single plane.

        Returns
        -------
        ndarray of shape (H, W, C), dtype of `data`
        """
        position = dict(zip(self.stack_axes, index, strict=True))
        key = tuple(position.get(a, slice(None)) for a in self.axes)
        plane = np.asarray(self.data[key])
        left = [a for a in self.axes if a not in position]
        if "c" not in left:
            plane, left = plane[..., np.newaxis], [*left, "c"]
        return plane.transpose([left.index(a) for a in "yxc"])

    def spatial_key(self, index: PlaneIndex) -> tuple[Any, ...]:
        """Key of a plane in an array of `spatial_shape`, such as its strokes.

        The keyed plane has the order in which ``y`` and ``x`` stand in `axes`; it has
        to be turned where the image `is_transposed`.
        """
        position = dict(zip(self.stack_axes, index, strict=True))
        return tuple(position.get(a, slice(None)) for a in self.spatial_axes)

    @property
    def is_transposed(self) -> bool:
        """Whether ``x`` stands before ``y`` in the array."""
        return self.axes.index("x") < self.axes.index("y")

    def in_order(self, array: NDArray[Any]) -> NDArray[Any]:
        """Turn the last axes of an array that are in this order to ``z, y, x``.

        Parameters
        ----------
        array
            Its last three axes are ``z``, ``y`` and ``x`` in the order of `axes`.

        Returns
        -------
        A view, ``(..., D, H, W)``
        """
        axes = [axis for axis in self.axes if axis in "zyx"]
        front = array.ndim - len(axes)
        return array.transpose(*range(front), *(front + axes.index(a) for a in "zyx"))

    def spatial_plane(self, array: ArrayLike, index: PlaneIndex = ()) -> NDArray[Any]:
        """Read the ``(H, W)`` plane of an array of `spatial_shape`."""
        plane = np.asarray(array[self.spatial_key(index)])
        return plane.T if self.is_transposed else plane


def check_axes(axes: str, shape: Sequence[int], *, name: str = "image") -> None:
    """Raise `InputError` unless `axes` names each axis of `shape` once."""
    if len(axes) != len(shape):
        raise InputError(
            f"{name} has {len(shape)} axes (shape {tuple(shape)}) but they are called "
            f"'{axes}'; give one letter of '{AXES}' per axis."
        )
    unknown = set(axes) - set(AXES)
    if unknown or len(set(axes)) != len(axes) or not {"y", "x"} <= set(axes):
        raise InputError(
            f"'{axes}' does not describe {name}: each of '{AXES}' may stand once, "
            "and y and x must be among them."
        )


def count_channels(n_channels: int) -> str:
    """Say a number of channels in words, such as ``"3 channels"``."""
    return "1 channel" if n_channels == 1 else f"{n_channels} channels"


def guess_axes(shape: Sequence[int]) -> str:
    """Axes of an array nobody has described.

    A last axis of 3 or 4 behind two longer ones is taken for colour, a first axis of
    2 to 4 in front of two longer ones for channels; what is left in front of ``yx`` is
    ``z``, then ``t``.

    Parameters
    ----------
    shape
        Shape of the array.

    Returns
    -------
    str
        One letter per axis.

    Raises
    ------
    InputError
        If there are fewer than two or more than five axes.
    """
    n = len(shape)
    if n >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4:
        return _stack_letters(n - 3) + "yxc"
    if n == 3 and 2 <= shape[0] <= 4 and min(shape[1:]) > 4:
        return "cyx"
    return _stack_letters(n - 2) + "yx"


def axes_for_strokes(
    shape: Sequence[int], strokes_shape: Sequence[int], *, name: str = "image"
) -> str:
    """Axes of an array, told by the strokes that were painted on it.

    Strokes have every axis of the image but the channels, which settles what a guess
    from the shape alone cannot.

    Raises
    ------
    InputError
        If no reading of the shape fits the strokes; both shapes are named.
    """
    shape, strokes_shape = tuple(shape), tuple(strokes_shape)
    spatial = _stack_letters(len(strokes_shape) - 2) + "yx"
    if shape == strokes_shape:
        return spatial
    if len(shape) == len(strokes_shape) + 1:
        for at in (len(shape) - 1, 0, len(shape) - 3):
            if shape[:at] + shape[at + 1 :] == strokes_shape:
                return spatial[:at] + "c" + spatial[at:]
    raise InputError(
        f"{name} has shape {shape} and its strokes have shape {strokes_shape}; "
        "strokes need the image's shape without the channels. "
        "Make a new strokes layer for this image."
    )


def _stack_letters(n: int) -> str:
    if not 0 <= n <= 2:
        raise InputError(
            f"Images of two to four axes besides channels can be read, not {n + 2}."
        )
    return ("", "z", "tz")[n]

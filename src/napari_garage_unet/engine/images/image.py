"""Images: arrays with named axes, read plane by plane.

An `Image` is any array (NumPy, Dask, Zarr, ...) with one letter per axis. Its unit of
work is the *plane*, an array of shape ``(H, W, C)``; the other axes (``t`` and ``z``)
number a stack of planes. Only `axes` and this module interpret the order of axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError

from .axes import AxesSource, check_axes
from .computing import as_array
from .georeference import TiffTag
from .masked import unmask

PlaneIndex = tuple[int, ...]
"""Position of a plane along `Image.stack_axes`; ``()`` in an image of one plane."""


class ArrayLike(Protocol):
    """Array interface that images need: shape, dtype and slicing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""

    @property
    def dtype(self) -> Any:
        """NumPy dtype of the values, or what `numpy.dtype` takes."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An array with named axes and a pixel size.

    Parameters
    ----------
    data
        Array of bool, integers or floats, not empty. It is read plane by plane, never
        as a whole, so that lazy arrays stay lazy. What a masked array masks is no data.
    axes
        One letter of ``"tzyxc"`` per axis of `data`, each at most once, with ``y`` and
        ``x`` among them.
    spacing
        Size of a pixel along each axis but ``c``, in the order of `axes` and in
        `units`; along ``t`` the time between two frames. The default is 1 for each.
    units
        Name of the length unit of `spacing`: a key of `units.MICROMETERS_PER_UNIT`, or
        ``"pixel"``.
    name
        Name of the image in error messages.
    origin
        Where the centre of the first pixel lies, one number per axis of `spacing`, in
        `units`. The default is 0 for each.
    flipped
        Letters of the axes along which world coordinates fall from pixel to pixel.
    channel_names
        One name per channel; empty where they are not known.
    nodata
        Value that stands for "nothing was measured here" besides NaN and infinities;
        None where there is none.
    data_mask
        Bool array of the spatial shape, False where there is no data; None if only the
        values of the pixels tell.
    axes_source
        Who says what the axes mean; by default whoever makes the image.
    georeference
        TIFF tags that place the image on a map, to be copied into results.
    notes
        Sentences about the reading of its file that a person should see, such as which
        of several pictures in it was read.

    Raises
    ------
    InputError
        If axes, spacing, origin, names of channels or mask do not fit the array, or the
        array is empty or not numeric.
    """

    data: ArrayLike
    axes: str
    spacing: tuple[float, ...] = ()
    units: str = "pixel"
    name: str = "image"
    origin: tuple[float, ...] = ()
    flipped: str = ""
    channel_names: tuple[str, ...] = ()
    nodata: float | None = None
    data_mask: ArrayLike | None = None
    axes_source: AxesSource = AxesSource.PERSON
    georeference: tuple[TiffTag, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_axes(self.axes, self.data.shape, name=self.name)
        if isinstance(self.data, np.ma.MaskedArray):
            values, there = unmask(self.data, self.axes, self.data_mask)
            object.__setattr__(self, "data", values)
            object.__setattr__(self, "data_mask", there)
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
        for field, default in (("spacing", 1.0), ("origin", 0.0)):
            if not getattr(self, field):
                object.__setattr__(self, field, (default,) * len(self.spatial_axes))
            n = len(getattr(self, field))
            if n != len(self.spatial_axes):
                raise InputError(
                    f"{self.name} has {len(self.spatial_axes)} spatial axes but "
                    f"{field} has {n} numbers."
                )
        if self.channel_names and len(self.channel_names) != self.n_channels:
            raise InputError(
                f"{self.name} has {count_channels(self.n_channels)} but "
                f"{len(self.channel_names)} names of channels."
            )
        mask = self.data_mask
        if mask is not None and tuple(mask.shape) != self.spatial_shape:
            raise InputError(
                f"The mask of {self.name} has shape {tuple(mask.shape)}; it needs the "
                f"image's shape without channels, {self.spatial_shape}."
            )

    @property
    def spatial_axes(self) -> str:
        """Letters of all axes but ``c``, in the order of the array."""
        return self.axes.replace("c", "")

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """Lengths of `spatial_axes` in pixels: the shape of strokes and labels."""
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
        """Letters of the axes that number planes: all but ``y``, ``x`` and ``c``."""
        return "".join(a for a in self.axes if a not in "yxc")

    def plane_indices(self) -> Iterator[PlaneIndex]:
        """Iterate over the positions of all planes, in the order of the array."""
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
        plane = as_array(self.data[key])
        left = [a for a in self.axes if a not in position]
        if "c" not in left:
            plane, left = plane[..., np.newaxis], [*left, "c"]
        return plane.transpose([left.index(a) for a in "yxc"])

    def missing_values(
        self, plane: NDArray[Any], index: PlaneIndex = ()
    ) -> NDArray[np.bool_] | None:
        """Find the values of a plane that are no data.

        Parameters
        ----------
        plane
            ``(H, W, C)`` as from `plane`.
        index
            Position along `stack_axes`.

        Returns
        -------
        ndarray of shape (H, W, C), bool, or None
            True where a value is NaN, infinite, equal to `nodata`, or outside
            `data_mask`; None if there is no such value.
        """
        missing = np.zeros(plane.shape, bool)
        if plane.dtype.kind == "f":
            missing |= ~np.isfinite(plane)
        if self.nodata is not None:
            missing |= self.values_equal_to_nodata(plane)
        if self.data_mask is not None:
            missing |= ~self.spatial_plane(self.data_mask, index).astype(bool)[
                ..., None
            ]
        return missing if missing.any() else None

    def values_equal_to_nodata(self, plane: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the ``(H, W, C)`` values of a plane that are `nodata`.

        Of whole numbers all channels of a pixel must have it: a photograph whose margin
        is 0 has pixels without red, too.
        """
        if self.nodata is None:
            return np.zeros(plane.shape, bool)
        # A float32 file stores the nearest float32 of the value in its header.
        dtype = plane.dtype if plane.dtype.kind == "f" else np.float64
        with np.errstate(over="ignore"):
            equal: NDArray[np.bool_] = plane == np.asarray(self.nodata).astype(dtype)
        if plane.dtype.kind != "f":
            equal = np.broadcast_to(equal.all(axis=-1, keepdims=True), plane.shape)
        return equal

    def spatial_key(self, index: PlaneIndex) -> tuple[Any, ...]:
        """Return the key of a plane in an array of `spatial_shape`, such as strokes.

        Parameters
        ----------
        index
            Position along `stack_axes`.

        Returns
        -------
        tuple
            One integer or slice per spatial axis. The plane that it selects is
            ``(W, H)`` where the image `is_transposed`, and ``(H, W)`` otherwise.
        """
        position = dict(zip(self.stack_axes, index, strict=True))
        return tuple(position.get(a, slice(None)) for a in self.spatial_axes)

    @property
    def is_transposed(self) -> bool:
        """Whether ``x`` comes before ``y`` in the array."""
        return self.axes.index("x") < self.axes.index("y")

    def in_order(self, array: NDArray[Any]) -> NDArray[Any]:
        """Transpose the last axes of an array from the order of `axes` to ``z, y, x``.

        Parameters
        ----------
        array
            Array whose last three axes are ``z``, ``y`` and ``x`` in the order of
            `axes`.

        Returns
        -------
        ndarray of shape (..., D, H, W)
            A view.
        """
        axes = [axis for axis in self.axes if axis in "zyx"]
        front = array.ndim - len(axes)
        return array.transpose(*range(front), *(front + axes.index(a) for a in "zyx"))

    def spatial_plane(self, array: ArrayLike, index: PlaneIndex = ()) -> NDArray[Any]:
        """Read a plane of an array of `spatial_shape`, such as strokes.

        Parameters
        ----------
        array
            Array of `spatial_shape`.
        index
            Position along `stack_axes`.

        Returns
        -------
        ndarray of shape (H, W), dtype of `array`
        """
        plane = as_array(array[self.spatial_key(index)])
        return plane.T if self.is_transposed else plane


def count_channels(n_channels: int) -> str:
    """Return a number of channels in words, such as ``"3 channels"``."""
    return "1 channel" if n_channels == 1 else f"{n_channels} channels"

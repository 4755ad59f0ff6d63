"""Images, strokes and segmentations in files.

Read: PNG, JPEG, TIFF (with the axes and pixel sizes of ImageJ and OME), OME-Zarr and
NumPy's ``.npy``. Written: TIFF, OME-Zarr, and PNG or ``.npy`` on request.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.images.image import ArrayLike, Image, guess_axes

from .png import read_indices, read_picture
from .tiff import read_tiff, read_tiff_labels, write_tiff
from .zarr import is_zarr, read_zarr, write_zarr

REMOVALS = 10
"""How often removing what was begun is tried."""

PNG, JPEG, TIFF, NPY, ZARR = "PNG", "JPEG", "TIFF", ".npy", "OME-Zarr"

KINDS = {
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".npy": NPY,
    ".zarr": ZARR,
}
"""Kind of file by suffix."""

READABLE = "PNG, JPEG, TIFF, OME-Zarr (.zarr) and .npy"
WRITABLE = ".tif, .zarr, .png or .npy"


def read_image(path: str | Path, *, axes: str | None = None) -> Image:
    """Read an image with the meaning of its axes.

    Parameters
    ----------
    path
        PNG, JPEG, TIFF or ``.npy`` file, or OME-Zarr folder.
    axes
        One letter of ``"tzyxc"`` per axis, for files that do not say or say it wrong;
        without it, what the file says, or else a guess from the shape.

    Returns
    -------
    Image
        In memory, but for OME-Zarr, which stays on disk. 8 and 16 bit, other whole
        numbers, floats and bool keep their type. Palette pictures become RGB, and an
        alpha channel is left out: how opaque a pixel is says nothing about what it
        shows. Pictures are not turned by the camera's orientation mark, as napari
        does not turn them either.

    Raises
    ------
    InputError
        If the file is missing, damaged, of an unknown kind or not an image.
    """
    path = Path(path)
    kind = _kind(path)
    with _reading(path, kind):
        if kind == TIFF:
            return read_tiff(path, axes=axes)
        if kind == ZARR:
            return read_zarr(path, axes=axes)
        data = _load_npy(path) if kind == NPY else read_picture(path)
        return Image(data, axes or guess_axes(data.shape), name=path.name)


def read_strokes(path: str | Path) -> NDArray[Any]:
    """Read painted class ids.

    Parameters
    ----------
    path
        PNG (grey values or palette indices, never colours), TIFF or ``.npy`` file, or
        OME-Zarr folder.

    Returns
    -------
    ndarray of integers
        In the shape in which they are stored, without a channel axis of length 1.
        Bool becomes uint8; whole numbers stored as floats become int32.

    Raises
    ------
    InputError
        If the file is missing, damaged or of an unknown kind, or if it holds anything
        but one whole number per pixel.
    """
    path = Path(path)
    kind = _kind(path)
    if kind == JPEG:
        raise InputError(
            f"{path} is a JPEG file, which changes pixel values; "
            "strokes can be read from PNG, TIFF, OME-Zarr (.zarr) and .npy."
        )
    with _reading(path, kind):
        if kind == TIFF:
            data = read_tiff_labels(path)
        elif kind == ZARR:
            image = read_zarr(path, axes=None)
            data = np.asarray(image.data[...])
            if "c" in image.axes and image.n_channels == 1:
                data = data.squeeze(image.axes.index("c"))
        else:
            data = _load_npy(path) if kind == NPY else read_indices(path)
        return _whole_numbers(data, path)


def write_segmentation(
    path: str | Path, labels: ArrayLike, *, like: Image | None = None
) -> None:
    """Write labels so that they come complete or not at all.

    Parameters
    ----------
    path
        File to write or to replace. ``.tif`` becomes ImageJ's TIFF where it can hold
        the labels and OME-TIFF otherwise, ``.ome.tif`` always OME-TIFF, ``.zarr``
        OME-Zarr; ``.png`` takes a single plane and, like ``.npy``, no spacing.
    labels
        Whole numbers from 0 in the spatial shape of `like`. Unsigned 8 and 16
        bit are stored as they are, other types in as few bits as the ids need.
    like
        Image that was segmented; its axes, spacing and units are written along.

    Raises
    ------
    InputError
        If `labels` are not whole numbers from 0 or not of the image's shape.
    OutputError
        If the file cannot be written, or its kind cannot hold the labels.
    """
    path = Path(path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None or kind == JPEG:
        raise OutputError(
            f"A segmentation cannot be written as '{path.suffix}' ({path}); "
            f"choose a name that ends with {WRITABLE}."
        )
    shape = tuple(int(n) for n in labels.shape)
    if like is not None and shape != like.spatial_shape:
        raise InputError(
            f"The labels have shape {shape} and {like.name} has shape "
            f"{like.spatial_shape} without channels; they have to be the same."
        )
    if like is None:
        like = Image(labels, {2: "yx", 3: "zyx"}.get(len(shape), "tzyx"), name="labels")
    axes, units = like.spatial_axes, like.units
    spacing = dict(zip(axes, like.spacing, strict=True))
    dtype = _label_type(labels)
    if kind == PNG and (len(shape) != 2 or dtype.itemsize > 2):
        raise OutputError(
            f"A PNG file holds one plane of ids up to 65535, not shape {shape} of "
            f"{dtype}; choose a name that ends with .tif instead of {path.name}."
        )

    def write(target: Path) -> None:
        if kind == ZARR:
            write_zarr(target, labels, dtype, axes=axes, spacing=spacing, units=units)
            return
        array = np.asarray(labels[...]).astype(dtype)
        if kind == TIFF:
            ome = path.name.lower().endswith((".ome.tif", ".ome.tiff"))
            write_tiff(target, array, axes=axes, spacing=spacing, units=units, ome=ome)
        elif kind == PNG:
            from PIL import Image as Picture

            Picture.fromarray(array).save(target, format="PNG")
        else:
            with target.open("wb") as file:
                np.save(file, array, allow_pickle=False)

    _write_whole(path, write)


def _kind(path: Path) -> str:
    """Tell the kind of an existing file or folder."""
    if not path.exists():
        raise InputError(f"There is no file {path}.")
    if path.is_dir():
        if is_zarr(path):
            return ZARR
        raise InputError(f"{path} is a folder without an OME-Zarr image in it.")
    kind = KINDS.get(path.suffix.lower())
    if kind is None or kind == ZARR:
        raise InputError(
            f"{path} is not of a kind that can be read; {READABLE} files can."
        )
    return kind


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except (InputError, MemoryError):
        raise
    except PermissionError as error:
        raise InputError(f"You may not read {path}.") from error
    except Exception as error:
        if type(error).__name__ == "DecompressionBombError":
            raise InputError(
                f"{path} has more pixels than are read from {kind} files; "
                "save it as TIFF."
            ) from error
        # Decoders answer damaged data with errors of any type.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"{path} is damaged or not a {kind} file ({reason.rstrip('.')})."
        ) from error


def _load_npy(path: Path) -> NDArray[Any]:
    data = np.load(path, allow_pickle=False)
    if not isinstance(data, np.ndarray):
        raise InputError(f"{path} holds several arrays; save the one as .npy.")
    return data


def _whole_numbers(data: NDArray[Any], path: Path) -> NDArray[Any]:
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind in "ui":
        return data
    if data.dtype.kind == "f":
        limit = np.iinfo(np.int32).max
        if np.all(np.isfinite(data)) and np.all(np.abs(data) <= limit):
            whole = data.astype(np.int32)
            if np.array_equal(whole, data):
                return whole
    raise InputError(
        f"{path} holds values of type {data.dtype} that are not whole numbers; "
        "strokes are class ids, 0 where nothing is painted."
    )


def _label_type(labels: ArrayLike) -> np.dtype[Any]:
    """Smallest unsigned type that holds the ids; 8 and 16 bit stay as they are."""
    dtype = np.dtype(labels.dtype)
    if dtype.kind not in "bui":
        raise InputError(f"Labels are whole numbers, not {dtype}.")
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return np.dtype(f"u{dtype.itemsize}")
    low = high = 0
    for index in np.ndindex(tuple(labels.shape)[:-2]):
        plane = np.asarray(labels[index])
        low, high = min(low, int(plane.min())), max(high, int(plane.max()))
    if low < 0:
        raise InputError(f"Labels start at 0, but there is {low} among them.")
    if high > np.iinfo(np.uint32).max:
        raise InputError(f"The label {high} is too large to be stored.")
    smallest: np.dtype[Any] = np.min_scalar_type(high)
    return smallest


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write next to the target, then put the finished file in its place."""
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written because {path.parent} is not a folder; "
            "choose a folder that exists."
        )
    if path.is_dir() and any(path.iterdir()) and not is_zarr(path):
        raise OutputError(
            f"{path} is a folder with other things in it; choose another name."
        )
    temporary = _beside(path)
    try:
        write(temporary)
        if temporary.is_dir() and path.exists():
            _exchange(temporary, path)
        else:
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}); "
            "choose a folder with space that you may write to."
        ) from error
    finally:
        _remove(temporary)


def _exchange(new: Path, path: Path) -> None:
    """Replace by a folder, which the system cannot do in one go."""
    old = _beside(path)
    os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        os.replace(old, path)
        raise
    _remove(old)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _remove(path: Path) -> None:
    for tries_left in reversed(range(REMOVALS)):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError:
            # When a chunk cannot be written, zarr is still writing others.
            if not tries_left:
                raise
            time.sleep(0.1)
        else:
            return

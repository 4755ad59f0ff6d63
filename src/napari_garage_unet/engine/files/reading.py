"""Reading of images and strokes from files of every kind in `kinds`.

PNG and JPEG, TIFF with the axes and pixel sizes of ImageJ and OME, OME-Zarr, and
NumPy's ``.npy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import ColorsError, InputError
from napari_garage_unet.engine.images.axes import decide_axes
from napari_garage_unet.engine.images.image import Image

from .choice import choose_picture
from .kinds import KIND_BY_SUFFIX, READABLE_KINDS, FileKind
from .png import read_indices, read_picture
from .tiff import read_tiff, read_tiff_labels
from .zarr import is_zarr, read_zarr

READABLE = "PNG, JPEG, TIFF, OME-Zarr (.zarr) and .npy"
"""Readable kinds of files, in the words of error messages."""


def read_image(
    path: str | Path, *, axes: str | None = None, series: int | None = None
) -> Image:
    """Read an image with its axes and pixel size.

    Parameters
    ----------
    path
        PNG, JPEG, TIFF or ``.npy`` file, or OME-Zarr folder.
    axes
        One letter of ``"tzyxc"`` per axis, for files without axes or with wrong ones.
        By default the axes stored in the file, or else a guess from the shape.
    series
        Which of several pictures in a TIFF file or OME-Zarr group, counted from 0. By
        default the first whose planes have at least a quarter of the pixels of the
        largest, so that no preview or label is taken for the picture.

    Returns
    -------
    Image
        In memory, except for OME-Zarr, which stays on disk. Bool, integers and floats
        keep their dtype. Palettes and inks become RGB, and pictures in which white is 0
        are turned over. An alpha channel is left out, because opacity is not part of
        the picture. The orientation tag of cameras is ignored, as napari ignores it.
        What one would not expect is said in `Image.notes`.

    Raises
    ------
    InputError
        If the file is missing, damaged, of an unknown kind or not an image, or has no
        picture of that number.
    """
    path = Path(path)
    kind = _kind(path)
    with _reading(path, kind):
        stored: str | None = None
        notes: tuple[str, ...] = ()
        match kind:
            case FileKind.TIFF:
                return read_tiff(path, axes=axes, series=series)
            case FileKind.ZARR:
                return read_zarr(path, axes=axes, series=series)
            case FileKind.NPY:
                data = _load_npy(path)
            case FileKind.PNG | FileKind.JPEG:
                data, notes = read_picture(path)
                stored = "yx" if data.ndim == 2 else "yxc"
            case _:
                assert_never(kind)
        if series is not None:
            choose_picture([1], [""], series, path)
        letters, source = decide_axes(
            data.shape, said=axes, stored=stored, name=path.name
        )
        return Image(
            data,
            letters,
            name=path.name,
            axes_source=source,
            notes=tuple(f"{path.name} {note}." for note in notes),
        )


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
        Class ids in the stored shape, without a channel axis of length 1. Bool becomes
        uint8, and whole numbers stored as floats become int32.

    Raises
    ------
    InputError
        If the file is missing, damaged or of an unknown kind, or does not hold one
        whole number per pixel.
    """
    path = Path(path)
    data = _stored_values(path, "strokes")
    return _whole_numbers(data, path)


def read_mask(path: str | Path) -> NDArray[np.bool_]:
    """Read where an image has data.

    Parameters
    ----------
    path
        PNG, TIFF or ``.npy`` file, or OME-Zarr folder. Values count as they are stored,
        so that the palette of a PNG and a TIFF in which white is 0 change nothing. A
        pixel of a picture in colours has data unless all of them are 0.

    Returns
    -------
    ndarray of bool
        False where the stored value is 0 or NaN, in the stored shape without channels.

    Raises
    ------
    InputError
        If the file is missing, damaged, a JPEG or of an unknown kind.
    """
    path = Path(path)
    try:
        data = _stored_values(path, "a mask")
    except ColorsError:
        picture = read_image(path)
        data = np.asarray(picture.data) != 0
        if "c" in picture.axes:
            data = np.logical_or.reduce(data, axis=picture.axes.index("c"))
    return np.asarray((data != 0) & (data == data))


def _stored_values(path: Path, what: str) -> NDArray[Any]:
    """Read the values of labels as they are stored, without a channel axis of 1."""
    kind = _kind(path)
    if kind is FileKind.JPEG:
        raise InputError(
            f"{path} is a JPEG file, which changes pixel values; "
            f"{what} can be read from PNG, TIFF, OME-Zarr (.zarr) and .npy."
        )
    with _reading(path, kind):
        match kind:
            case FileKind.TIFF:
                return read_tiff_labels(path)
            case FileKind.ZARR:
                image = read_zarr(path, axes=None)
                data = np.asarray(image.data[...])
                if "c" in image.axes and image.n_channels == 1:
                    data = data.squeeze(image.axes.index("c"))
                return data
            case FileKind.NPY:
                return _load_npy(path)
            case FileKind.PNG:
                return read_indices(path)
            case _:
                assert_never(kind)


def _kind(path: Path) -> FileKind:
    """Return the kind of a file or folder; raise `InputError` for unknown ones."""
    if not path.exists():
        raise InputError(f"There is no file {path}.")
    if path.is_dir():
        if is_zarr(path):
            return FileKind.ZARR
        raise InputError(
            f"{path} is a folder without an OME-Zarr image in it; give the files in "
            f"it, such as {path / '*.tif'}."
        )
    kind = KIND_BY_SUFFIX.get(path.suffix.lower())
    # OME-Zarr is a folder.
    if kind not in READABLE_KINDS or kind == FileKind.ZARR:
        raise InputError(
            f"{path} is not of a kind that can be read; {READABLE} files can. "
            "Save it as one of them, for example with Fiji as TIFF."
        )
    return kind


@contextmanager
def _reading(path: Path, kind: FileKind) -> Iterator[None]:
    """Turn errors of decoders into `InputError`."""
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
        codec = _missing_codec(error)
        if codec:
            raise InputError(f"{path} {codec}") from error
        # Decoders raise errors of any type when data are damaged.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"{path} is damaged or not a {kind} file ({reason.rstrip('.')})."
        ) from error


def _missing_codec(error: Exception) -> str:
    """Say which compression cannot be read; empty if the error is another one."""
    text = str(error)
    if isinstance(error, ModuleNotFoundError) and error.name == "compression":
        name = "ZSTD"  # tifffile takes that of Python 3.14 if imagecodecs is not there.
    elif "imagecodecs" in text:
        named = re.search(r"<(?:COMPRESSION|PREDICTOR)\.(\w+)", text)
        name = named[1] if named else "a rare method"
    else:
        return ""
    return (
        f"is compressed with {name}, and no decoder for it is installed; "
        "'pip install imagecodecs' may bring it, or save the file without compression."
    )


def _load_npy(path: Path) -> NDArray[Any]:
    data = np.load(path, allow_pickle=False)
    if not isinstance(data, np.ndarray):
        raise InputError(f"{path} holds several arrays; save the one as .npy.")
    return data


def _whole_numbers(data: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return class ids as integers."""
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind in "ui":
        return data
    if data.dtype.kind == "f":
        limit = np.iinfo(np.int32).max
        if data.dtype == np.float16:  # Its largest number is below the limit.
            data = data.astype(np.float32)
        if np.all(np.isfinite(data)) and np.all(np.abs(data) <= limit):
            whole = data.astype(np.int32)
            if np.array_equal(whole, data):
                return whole
    raise InputError(
        f"{path} holds values of type {data.dtype} that are not whole numbers; "
        "strokes are class ids, 0 where nothing is painted."
    )

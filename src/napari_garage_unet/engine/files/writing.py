"""Writing of segmentations to files: TIFF, OME-Zarr, PNG or ``.npy``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.images.guessing import without_singletons
from napari_garage_unet.engine.images.image import ArrayLike, Image

from .atomic import write_whole
from .kinds import FileKind, writable_kind
from .label_classes import LabelClass
from .png import write_label_picture
from .tiff_writing import write_tiff
from .zarr_writing import write_zarr


def write_segmentation(
    path: str | Path,
    labels: ArrayLike,
    *,
    like: Image | None = None,
    classes: Sequence[LabelClass] = (),
) -> None:
    """Write labels, all or nothing.

    Parameters
    ----------
    path
        File to write or to replace. ``.tif`` is ImageJ's TIFF where it can hold the
        labels and OME-TIFF otherwise, ``.ome.tif`` always OME-TIFF, ``.zarr`` OME-Zarr;
        ``.png`` holds a single plane and, like ``.npy``, no spacing.
    labels
        Ids from 0 in the spatial shape of `like`, bool or integers. uint8 and uint16
        are stored as they are, other types as the smallest unsigned type that holds
        the ids. OME-Zarr is written plane by plane, so that lazy labels stay lazy.
    like
        Image that was segmented, whose axes, spacing, units, origin and place on the
        map are stored. By default the axes are ``yx``, ``zyx`` or ``tzyx`` and the
        spacing is 1 pixel.
    classes
        What the labels are called and the colours that other programs show them in:
        OME-Zarr keeps both, a PNG of at most 8 bits and ImageJ's TIFF the colours. The
        pixels are the ids all the same.

    Raises
    ------
    InputError
        If `labels` are not whole numbers from 0 or do not have the image's shape.
    OutputError
        If the file cannot be written, or its kind cannot hold the labels.
    """
    path = Path(path)
    kind = writable_kind(path)
    shape = tuple(int(n) for n in labels.shape)
    if like is not None and shape != like.spatial_shape:
        raise InputError(
            f"The labels have shape {shape} and {like.name} has shape "
            f"{like.spatial_shape} without channels; they have to be the same."
        )
    if like is None:
        like = Image(labels, {2: "yx", 3: "zyx"}.get(len(shape), "tzyx"), name="labels")
    dtype = _label_type(labels)
    long = without_singletons(shape)
    if kind == FileKind.PNG and (len(long) != 2 or dtype.itemsize > 2):
        raise OutputError(
            f"A PNG file holds one plane of ids up to 65535, not shape {shape} of "
            f"{dtype}; choose a name that ends with .tif instead of {path.name}."
        )

    def write(target: Path) -> None:
        # OME-Zarr is written plane by plane; the others take the whole array.
        if kind == FileKind.ZARR:
            write_zarr(target, labels, dtype, like=like, classes=classes)
            return
        array = np.asarray(labels[...]).astype(dtype)
        match kind:
            case FileKind.TIFF:
                ome = path.name.lower().endswith((".ome.tif", ".ome.tiff"))
                write_tiff(target, array, like=like, classes=classes, ome=ome)
            case FileKind.PNG:
                write_label_picture(target, array.reshape(long), classes)
            case FileKind.NPY:
                with target.open("wb") as file:
                    np.save(file, array, allow_pickle=False)
            case _:
                raise AssertionError(f"{kind} is in WRITABLE_KINDS, but not written")

    write_whole(path, write)


def _label_type(labels: ArrayLike) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds the ids; uint8 and uint16 stay."""
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

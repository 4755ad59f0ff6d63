"""Kinds of image files and the suffixes they have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from napari_garage_unet.engine.errors import OutputError


class FileKind(StrEnum):
    """Kind of an image file; the value is its name in error messages."""

    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    NPY = ".npy"
    ZARR = "OME-Zarr"


KIND_BY_SUFFIX = {
    ".png": FileKind.PNG,
    ".jpg": FileKind.JPEG,
    ".jpeg": FileKind.JPEG,
    ".tif": FileKind.TIFF,
    ".tiff": FileKind.TIFF,
    ".npy": FileKind.NPY,
    ".zarr": FileKind.ZARR,
}
"""Kind of file by suffix in lower case."""

READABLE_KINDS = frozenset(
    {FileKind.PNG, FileKind.JPEG, FileKind.TIFF, FileKind.NPY, FileKind.ZARR}
)
"""Kinds that images are read from."""

WRITABLE_KINDS = frozenset({FileKind.TIFF, FileKind.ZARR, FileKind.PNG, FileKind.NPY})
"""Kinds that segmentations are written to."""

WRITABLE = ".tif, .zarr, .png or .npy"
"""Suffixes of a segmentation, in the words of error messages."""


def writable_kind(path: Path) -> FileKind:
    """Return the kind of file that a segmentation at `path` becomes.

    Raises
    ------
    OutputError
        If segmentations cannot be written with that suffix.
    """
    kind = KIND_BY_SUFFIX.get(path.suffix.lower())
    if kind not in WRITABLE_KINDS:
        raise OutputError(
            f"A segmentation cannot be written as '{path.suffix}' ({path}); "
            f"choose a name that ends with {WRITABLE}."
        )
    return kind

"""Kinds of image files and the suffixes they have."""

from __future__ import annotations

from enum import StrEnum


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

"""Kinds of image files, told by their suffix."""

from __future__ import annotations

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

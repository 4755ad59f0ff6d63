"""Which program has made a file; the results of this package say it and are known so.

A folder of pictures that is segmented into itself holds results the next time; they are
told from pictures by what is in the file, since anybody may call a picture
``x_objects.tif``.
"""

from __future__ import annotations

import json
from pathlib import Path

from .kinds import KIND_BY_SUFFIX, FileKind
from .tiff_series import open_quietly

SOFTWARE = "napari-garage-unet"
"""This program in TIFF's tag ``Software``, PNG's text of that name, and Zarr."""

CREATOR = "_creator"
"""Attribute of a Zarr group that names a program."""

_TIFF_SOFTWARE = 305


def is_result(path: Path) -> bool:
    """Whether a file is a segmentation, objects or probabilities of this package.

    Parameters
    ----------
    path
        Any file or folder. ``.npy`` has no place for a name, and files that cannot be
        read are no results.
    """
    try:
        return _software(path).startswith(SOFTWARE)
    except Exception:  # noqa: BLE001 - decoders raise all kinds of errors
        # Whoever reads the picture says what is wrong with it.
        return False


def _software(path: Path) -> str:
    """Return the program that a file names, or an empty string."""
    match KIND_BY_SUFFIX.get(path.suffix.lower()):
        case FileKind.TIFF:
            with open_quietly(path) as tif:
                tag = tif.pages.first.tags.get(_TIFF_SOFTWARE)
                return "" if tag is None else str(tag.value)
        case FileKind.PNG:
            from PIL import Image as Picture

            with Picture.open(path) as picture:
                return str(picture.info.get("Software", ""))
        case FileKind.ZARR:
            attributes = json.loads((path / ".zattrs").read_text(encoding="utf-8"))
            return str(attributes.get(CREATOR, {}).get("name", ""))
        case _:
            return ""

"""What a file says about its axes, found without reading pixels.

Viewers open files with readers of their own, which drop what the axes mean. It is
looked up here in a few milliseconds, where a file keeps it at its beginning.
"""

from __future__ import annotations

import json
import logging
import struct
from pathlib import Path
from typing import Any

from napari_garage_unet.engine.images.axes import letters_of_labels

from .kinds import KIND_BY_SUFFIX, FileKind
from .tiff_series import open_quietly

logger = logging.getLogger(__name__)

MAX_DESCRIPTION_CHARACTERS = 1_000_000
"""Length of the longest OME-XML that is parsed; longer ones take seconds."""

UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    SyntaxError,
    struct.error,
)
"""What damaged metadata raise; broken XML is a `SyntaxError`."""

StoredAxes = tuple[str, tuple[int, ...]]
"""One letter of ``"tzyxc"`` per axis, and the shape of the array in the file."""


def stored_axes(path: str | Path) -> StoredAxes | None:
    """Look up the axes that a file names.

    Parameters
    ----------
    path
        TIFF file, or folder of an OME-Zarr image or of one of its arrays.

    Returns
    -------
    tuple or None
        Letters and shape; None where the file does not name each axis, is of another
        kind or cannot be read.
    """
    path = Path(path)
    try:
        if KIND_BY_SUFFIX.get(path.suffix.lower()) is FileKind.TIFF:
            return _tiff_axes(path)
        return _zarr_axes(path) if path.is_dir() else None
    except UNREADABLE as error:
        # Such a file tells nothing about axes; who reads its pixels hears why.
        logger.info("The axes of %s cannot be looked up: %s", path, error)
        return None


def has_four_colours(path: str | Path) -> bool:
    """Look up whether the fourth sample of a picture is a band, not its opacity.

    Parameters
    ----------
    path
        File of the picture.

    Returns
    -------
    bool
        True for a TIFF file with four samples of which none is called alpha, such as
        red, green, blue and near infrared.
    """
    path = Path(path)
    if KIND_BY_SUFFIX.get(path.suffix.lower()) is not FileKind.TIFF:
        return False

    try:
        with open_quietly(path) as tif:
            page = tif.pages.first
            # 1 and 2 are alpha, with which colours are multiplied or not.
            alpha = any(int(sample) in (1, 2) for sample in page.extrasamples)
            is_rgb = page.photometric.name == "RGB"
            return bool(is_rgb and page.samplesperpixel == 4 and not alpha)
    except UNREADABLE as error:
        logger.info("The colours of %s cannot be looked up: %s", path, error)
        return False


def _tiff_axes(path: Path) -> StoredAxes | None:

    with open_quietly(path) as tif:
        # Others name no axes, and all their pages would have to be looked through.
        if not (tif.is_imagej or tif.is_ome or tif.is_shaped):
            return None
        description = tif.ome_metadata if tif.is_ome else ""
        if len(description or "") > MAX_DESCRIPTION_CHARACTERS or not tif.series:
            return None
        series = tif.series[0]
        if tif.is_shaped and "S" in series.axes[:-1]:
            return None  # tifffile's guess for a stack of three or four planes.
        letters = letters_of_labels(str(series.axes).replace("S", "C"))
        if letters is None:
            return None
        return letters, tuple(int(n) for n in series.shape)


def _zarr_axes(path: Path) -> StoredAxes | None:
    names = _dimension_names(path)
    if names is None:
        # An image as bioformats2raw writes it, an image, or one of its arrays.
        for group in (path, path / "0", path.parent):
            multiscales = _attributes(group).get("multiscales")
            if not multiscales:
                continue
            levels = [str(level["path"]) for level in multiscales[0]["datasets"]]
            if group == path.parent and path.name not in levels:
                continue
            axes = multiscales[0].get("axes", list("tczyx"))
            names = [str(a["name"] if isinstance(a, dict) else a) for a in axes]
            path = path if group == path.parent else group / levels[0]
            break
    letters = None if names is None else letters_of_labels(names)
    shape = _array_metadata(path).get("shape")
    if letters is None or not shape or len(shape) != len(letters):
        return None
    return letters, tuple(int(n) for n in shape)


def _dimension_names(path: Path) -> list[str] | None:
    """Return the names of the axes of an array, as Zarr 3 and xarray keep them."""
    names = _array_metadata(path).get("dimension_names")
    names = names or _attributes(path).get("_ARRAY_DIMENSIONS")
    return [str(name) for name in names] if names else None


def _attributes(folder: Path) -> dict[str, Any]:
    found = _json(folder / "zarr.json").get("attributes") or _json(folder / ".zattrs")
    # Since OME-Zarr 0.5 all metadata are under "ome".
    attributes: dict[str, Any] = found.get("ome", found)
    return attributes


def _array_metadata(folder: Path) -> dict[str, Any]:
    return _json(folder / "zarr.json") or _json(folder / ".zarray")


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

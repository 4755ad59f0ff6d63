"""What a viewer's own reader leaves out of a file, found without reading pixels.

napari shows the numbers that a TIFF file stores; `reading` reads the picture that one
sees. Where both differ, the docks say so, and they take over what stands for no data.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .kinds import KIND_BY_SUFFIX, FileKind
from .stored_axes import MAX_DESCRIPTION_CHARACTERS, UNREADABLE
from .tiff_place import read_nodata
from .tiff_series import open_quietly, own_description

logger = logging.getLogger(__name__)


class LeftOut(NamedTuple):
    """What a viewer's reader leaves out.

    Parameters
    ----------
    nodata
        Value that stands for no data; None where there is none.
    notes
        Sentences that a person should see.
    """

    nodata: float | None = None
    notes: tuple[str, ...] = ()


def left_out_by_viewers(path: str | Path) -> LeftOut:
    """Find what napari's reader leaves out of a file.

    Parameters
    ----------
    path
        Any file; only TIFF files hold more than napari shows.

    Returns
    -------
    LeftOut
        Empty where nothing is left out or the file cannot be read.
    """
    path = Path(path)
    if KIND_BY_SUFFIX.get(path.suffix.lower()) is not FileKind.TIFF:
        return LeftOut()
    try:
        return _left_out(path)
    except UNREADABLE as error:
        logger.info("What %s holds cannot be looked up: %s", path, error)
        return LeftOut()


def _left_out(path: Path) -> LeftOut:

    with open_quietly(path) as tif:
        page = tif.pages.first
        nodata, told = read_nodata(page, np.dtype(page.dtype))
        notes = [told, _differing_values(tif, page), _others(tif, path)]
    return LeftOut(nodata, tuple(f"{path.name} {note}." for note in notes if note))


def _differing_values(tif: Any, page: Any) -> str:
    photometric = page.photometric.name
    if photometric == "PALETTE" and not tif.is_imagej:
        return (
            "stores a palette, and napari shows its indices; open it as PNG to learn "
            "from its colours, as the command line does"
        )
    if photometric == "MINISWHITE":
        return (
            "stores white as 0, and napari shows it turned over; the command line "
            "makes bright high, so that models of one do not fit the other"
        )
    if photometric in ("SEPARATED", "CIELAB"):
        return "stores no RGB, and napari shows its numbers as they are"
    return ""


def _others(tif: Any, path: Path) -> str:
    description = (tif.ome_metadata or "") if tif.is_ome else ""
    if len(description) > MAX_DESCRIPTION_CHARACTERS:
        return ""
    if description and own_description(description, path) is not None:
        return (
            "is one of several files of a picture, all of which napari opens together; "
            "the command line reads each file by itself"
        )
    # Of others, all pages would have to be looked through.
    if (tif.is_ome or tif.is_shaped) and len(tif.series) > 1:
        return f"holds {len(tif.series)} pictures, of which napari opens the first"
    return ""

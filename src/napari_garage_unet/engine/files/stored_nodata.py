"""The value that a file names for pixels without data, from its header."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from .kinds import KIND_BY_SUFFIX, FileKind
from .stored_axes import UNREADABLE
from .tiff_place import read_nodata
from .tiff_series import open_quietly

logger = logging.getLogger(__name__)


def stored_nodata(path: str | Path, dtype: DTypeLike) -> float | None:
    """Return the value that stands for no data in a TIFF file; no pixel is read.

    Parameters
    ----------
    path
        Any file or folder.
    dtype
        Type of the pixels that came from it.

    Returns
    -------
    float or None
        None where it names none, is no TIFF, or holds pixels of another type.
    """
    path = Path(path)
    if KIND_BY_SUFFIX.get(path.suffix.lower()) is not FileKind.TIFF:
        return None

    try:
        with open_quietly(path) as file:
            page = file.pages.first
            if page.dtype != np.dtype(dtype):
                return None
            return read_nodata(page, np.dtype(dtype))[0]
    except UNREADABLE as error:
        # Such a file names no value; who reads its pixels hears why.
        logger.info("The no-data value of %s cannot be looked up: %s", path, error)
        return None

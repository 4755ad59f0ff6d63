"""Reading of PNG and JPEG files, by Pillow."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError

logger = logging.getLogger(__name__)


def read_picture(path: Path) -> NDArray[Any]:
    """Read the colours or grey values that a picture shows.

    Parameters
    ----------
    path
        PNG or JPEG file. Palette colours become RGB, and an alpha channel is left out.
        PNG colours of 16 bits are cut to 8, with a warning in the log.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, 3)
        bool, uint8, uint16, or 32 bits in rare files.
    """
    from PIL import Image as Picture

    with Picture.open(path) as picture:
        if _has_deep_colours(path):
            logger.warning(
                "%s has 16 bits per colour; the upper 8 of them are read. "
                "Save it as TIFF to use all.",
                path,
            )
        if picture.mode in ("1", "L", "F") or picture.mode.startswith("I"):
            return _grey(picture)
        if picture.mode in ("LA", "La"):
            return np.asarray(picture.convert("LA"))[..., 0]
        # Conversion by way of RGBA keeps the colours of transparent palette entries.
        if picture.mode in ("P", "PA", "RGBA", "RGBa"):
            return np.ascontiguousarray(np.asarray(picture.convert("RGBA"))[..., :3])
        return np.asarray(picture.convert("RGB"))


def read_indices(path: Path) -> NDArray[Any]:
    """Read palette indices or grey values of a PNG file as they are stored.

    Parameters
    ----------
    path
        PNG file.

    Returns
    -------
    ndarray of shape (H, W)
        bool, uint8 or uint16.

    Raises
    ------
    InputError
        If the file holds colours.
    """
    from PIL import Image as Picture

    with Picture.open(path) as picture:
        if picture.mode == "P":
            return np.asarray(picture)
        if picture.mode in ("1", "L") or picture.mode.startswith("I"):
            return _grey(picture)
        raise InputError(
            f"{path} is a picture in colours ({picture.mode}); strokes are stored as "
            "grey values or palette indices, so save the Labels layer itself."
        )


def _grey(picture: Any) -> NDArray[Any]:
    """Return the grey values of a Pillow image in the machine's byte order."""
    data = np.asarray(picture)
    if picture.format == "PNG" and data.dtype.kind == "i":
        # Pillow before 11.3 opens PNG files of 16 bits as 32 bits.
        data = data.astype(np.uint16)
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _has_deep_colours(path: Path) -> bool:
    """Whether a file is a PNG with colours of 16 bits, which Pillow cuts to 8.

    The bytes 24 and 25 of a PNG are bit depth and colour type (2 RGB, 6 RGBA).
    """
    with path.open("rb") as file:
        head = file.read(26)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 and head[25] in (2, 6)

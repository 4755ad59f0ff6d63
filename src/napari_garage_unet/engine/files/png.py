"""PNG and JPEG files, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import ColorsError

from .label_classes import LabelClass, color_table
from .origin import SOFTWARE

_ORIENTATION_CODE = 274
"""EXIF tag that says how a picture is turned."""


def read_picture(path: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read the colours or grey values that a picture shows.

    Parameters
    ----------
    path
        PNG or JPEG file. Palette colours and inks become RGB, and an alpha channel is
        left out. PNG colours of 16 bits are cut to 8.

    Returns
    -------
    data : ndarray of shape (H, W) or (H, W, 3)
        bool, uint8, uint16, or 32 bits in rare files.
    notes : tuple of str
        Ends of sentences that begin with the name of the file: what is left out and how
        the camera was held.
    """
    from PIL import Image as Picture

    notes: list[str] = []
    with Picture.open(path) as picture:
        if picture.getexif().get(_ORIENTATION_CODE, 1) not in (0, 1):
            notes.append(
                "says that it is to be turned for showing; it is read as it is stored"
            )
        n_pictures = int(getattr(picture, "n_frames", 1))
        if n_pictures > 1:
            notes.append(f"holds {n_pictures} pictures; the first is read")
        if _is_deep(path):
            notes.append(
                "has 16 bits per colour; the upper 8 of them are read, as napari does. "
                "Save it as TIFF to use all"
            )
        if picture.mode in ("1", "L", "F") or picture.mode.startswith("I"):
            return _grey(picture), tuple(notes)
        if picture.mode in ("LA", "La"):
            data = np.asarray(picture.convert("LA"))
        # Conversion by way of RGBA keeps the colours of transparent palette entries.
        elif picture.mode in ("P", "PA", "RGBA", "RGBa"):
            data = np.asarray(picture.convert("RGBA"))
        else:
            return np.asarray(picture.convert("RGB")), tuple(notes)
    data, opacity = data[..., :-1], data[..., -1]
    if opacity.min() < opacity.max():
        notes.append("is transparent in places; its alpha channel is left out")
    if data.shape[-1] == 1:
        data = data[..., 0]
    return np.ascontiguousarray(data), tuple(notes)


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
        raise ColorsError(
            f"{path} is a picture in colours ({picture.mode}); strokes are stored as "
            "grey values or palette indices, so save the Labels layer itself."
        )


def write_label_picture(
    path: Path, labels: NDArray[Any], classes: Sequence[LabelClass]
) -> None:
    """Write labels as a PNG file whose pixels are their ids.

    Parameters
    ----------
    path
        File to write, with any suffix.
    labels
        ``(H, W)`` uint8 or uint16.
    classes
        Colours of the palette; without classes, and where ids need 16 bits, ids are
        grey values.
    """
    from PIL import Image as Picture
    from PIL.PngImagePlugin import PngInfo

    picture = Picture.fromarray(labels)
    if classes and labels.dtype == np.uint8:
        # Pillow turns grey pictures into palette pictures without changing values.
        picture.putpalette(color_table(classes).tobytes())
    text = PngInfo()
    text.add_text("Software", SOFTWARE)
    picture.save(path, format="PNG", pnginfo=text)


def _grey(picture: Any) -> NDArray[Any]:
    """Return the grey values of a Pillow image in the machine's byte order."""
    data = np.asarray(picture)
    if picture.format == "PNG" and data.dtype.kind == "i":
        # Pillow before 11.3 opens PNG files of 16 bits as 32 bits.
        data = data.astype(np.uint16)
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _is_deep(path: Path) -> bool:
    """Whether a PNG has 16 bits and several samples, which Pillow cuts to 8 bits.

    The bytes 24 and 25 of a PNG are bit depth and colour type (2 RGB, 4 grey with
    alpha, 6 RGBA).
    """
    with path.open("rb") as file:
        head = file.read(26)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 and head[25] in (2, 4, 6)

"""Reading of TIFF files with the axes and places that they store, by tifffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import ColorsError, InputError
from napari_garage_unet.engine.images.axes import AxesSource, decide_axes
from napari_garage_unet.engine.images.image import Image

from .tiff_colors import as_seen, is_color_picture
from .tiff_place import Place, read_georeference, read_nodata, read_place
from .tiff_series import StoredPicture, open_tiff, read_mask, read_stored

_AXIS_BY_LETTER = {"T": "t", "Z": "z", "C": "c", "S": "c", "Y": "y", "X": "x"}
"""Axis by tifffile's letter; ``S`` are the samples of a colour picture."""

_ORIENTATION_CODE = 274
"""Tag that says how a picture is turned."""


def read_tiff(path: Path, *, axes: str | None, series: int | None = None) -> Image:
    """Read one picture of a TIFF file, at full resolution and as one sees it.

    Parameters
    ----------
    path
        File to read.
    axes
        Letters of the axes, for files without axes or with wrong ones.
    series
        Number of the picture from 0, see `choose_picture`.

    Returns
    -------
    Image
        In memory, with the axes, sizes, position and channel names that the file has.
        tifffile leaves out axes of length 1 in front of ``yx``. Palette colours become
        RGB and alpha is left out, see `as_seen`. Of an OME-TIFF in several files only
        the planes of this one are read. `Image.notes` say what one would not expect.

    Raises
    ------
    InputError
        If the file holds no such picture or its axes are not those of an image.
    """
    with open_tiff(path) as tif:
        stored = read_stored(tif, path, series)
        seen = as_seen(stored.data, stored.axes, tif, stored.keyframe)
        place = read_place(tif, stored.at)
        nodata, about_nodata = read_nodata(stored.keyframe, stored.data.dtype)
        georeference = read_georeference(stored.keyframe)
        mask = read_mask(tif, path)
        about = [*stored.notes, *seen.notes, *place.notes, about_nodata]
        about.append(_turned(stored))
        # tifffile calls a stack of three or four planes colours unless it is told
        # otherwise, as napari does not when it saves one.
        is_guess = bool(tif.is_shaped) and "S" in stored.axes[:-1]
    named = None
    if not axes and not is_guess:
        named = _axes(seen.axes, seen.data.shape, path)
    axes, source = decide_axes(seen.data.shape, said=axes, stored=named, name=path.name)
    if source is AxesSource.FILE and not set(seen.axes) <= set(_AXIS_BY_LETTER):
        source = AxesSource.SHAPE  # Colours are named, what the pages are is not.
    spatial = [a for a in axes if a != "c"]
    if nodata is not None and seen.converted:
        mask, nodata = _is_data(stored, nodata), None
    elif mask is not None:
        about.append("has a mask; pixels outside it are left out")
    lengths = zip(axes, seen.data.shape, strict=True)
    if mask is not None and mask.shape != tuple(n for a, n in lengths if a != "c"):
        mask = None
    return Image(
        seen.data,
        axes,
        spacing=tuple(place.spacing.get(a, 1.0) for a in spatial),
        units=place.units,
        name=path.name,
        origin=_origin(place, stored, spatial),
        channel_names=_channel_names(place, axes, seen.data.shape),
        nodata=nodata,
        data_mask=mask,
        axes_source=source,
        georeference=georeference,
        notes=tuple(f"{path.name} {note}." for note in about if note),
    )


def read_tiff_labels(path: Path) -> NDArray[Any]:
    """Read a picture of a TIFF file as it is stored.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    ndarray
        Values of the stored dtype and shape, in the machine's byte order; the indices
        of a palette.

    Raises
    ------
    InputError
        If the file holds no picture or a colour picture.
    """
    with open_tiff(path) as tif:
        stored = read_stored(tif, path, None)
    if is_color_picture(stored.axes, stored.keyframe):
        raise ColorsError(
            f"{path} is a colour picture; strokes are stored as one number per "
            "pixel, so save the Labels layer itself."
        )
    return stored.data


def _turned(stored: StoredPicture) -> str:
    """Say that a picture is to be turned for showing, which no reader here does."""
    tag = stored.keyframe.tags.get(_ORIENTATION_CODE)
    if tag is None or int(tag.value) in (0, 1):
        return ""
    return "says that it is to be turned for showing; it is read as it is stored"


def _is_data(stored: StoredPicture, nodata: float) -> NDArray[np.bool_]:
    """Find where stored values that have become others are data."""
    is_data = np.asarray(stored.data != nodata)
    at = stored.axes.find("S")
    return is_data if at < 0 else np.asarray(is_data.any(axis=at))


def _origin(
    place: Place, stored: StoredPicture, spatial: list[str]
) -> tuple[float, ...]:
    """Return where the first plane that is read lies, along each axis."""
    first = {
        letter.lower(): int(index[0])
        for letter, index in zip(stored.stack_axes, stored.planes, strict=True)
    }
    return tuple(
        place.origin.get(a, first.get(a, 0) * place.spacing.get(a, 1.0))
        for a in spatial
    )


def _channel_names(place: Place, axes: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    n_channels = shape[axes.index("c")] if "c" in axes else 1
    return place.channel_names if len(place.channel_names) == n_channels else ()


def _axes(letters: str, shape: tuple[int, ...], path: Path) -> str | None:
    """Return the axes for tifffile's letters; Q, I and rarer ones have no meaning.

    None where the file names no axis besides ``y`` and ``x`` of those it has.
    """
    named = [_AXIS_BY_LETTER.get(letter, "") for letter in letters]
    if named.count("c") > 1:
        raise InputError(
            f"{path} has channels and colours (axes {letters}, shape {shape}); "
            "save it with a single channel axis."
        )
    if "" in named and not set(named) & set("tzc"):
        return None
    free = [a for a in "tz" if a not in named]
    for i in reversed(range(len(named))):
        if not named[i]:
            if not free:
                raise InputError(
                    f"{path} has more axes than can be read (axes {letters}, "
                    f"shape {shape})."
                )
            named[i] = free.pop()
    return "".join(named)

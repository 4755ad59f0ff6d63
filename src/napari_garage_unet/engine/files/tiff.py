"""TIFF files, with the axes and pixel sizes of ImageJ and OME, by tifffile."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import decide_axes
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import UNIT_SYMBOLS, common_unit, unit_name

from .origin import SOFTWARE

logger = logging.getLogger(__name__)

_AXIS_BY_LETTER = {"T": "t", "Z": "z", "C": "c", "S": "c", "Y": "y", "X": "x"}
"""Axis by tifffile's letter; ``S`` are the samples of a colour picture."""

MAX_IMAGEJ_BYTES = 2**31
"""Size up to which ImageJ reads uncompressed data in its own TIFF format."""


def read_tiff(path: Path, *, axes: str | None) -> Image:
    """Read the first series of a TIFF file, at full resolution.

    Parameters
    ----------
    path
        File to read.
    axes
        Letters of the axes, for files without axes or with wrong ones.

    Returns
    -------
    Image
        In memory, with the axes and the spacing that ImageJ or OME stored. tifffile
        leaves out axes of length 1 in front of ``yx``. The alpha channel of an RGBA
        picture is left out too.

    Raises
    ------
    InputError
        If the file holds no picture or its axes are not those of an image.
    """
    import tifffile

    with tifffile.TiffFile(path) as tif:
        series = _first_series(tif, path)
        data = _native(series.asarray())
        letters = str(series.axes)
        if _is_colour(series) and data.shape[-1] == 4 and _has_alpha(series):
            logger.info("The alpha channel of %s is left out.", path)
            data = data[..., :3]
        spacing, units = _spacing(tif)
    stored = None if axes else _axes(letters, data.shape, path)
    axes, source = decide_axes(data.shape, said=axes, stored=stored, name=path.name)
    return Image(
        data,
        axes,
        spacing=tuple(spacing.get(a, 1.0) for a in axes if a != "c"),
        units=units,
        name=path.name,
        axes_source=source,
    )


def read_tiff_labels(path: Path) -> NDArray[Any]:
    """Read the first series of a TIFF file as it is stored.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    ndarray
        Values of the stored dtype and shape, in the machine's byte order.

    Raises
    ------
    InputError
        If the file holds no picture or a colour picture.
    """
    import tifffile

    with tifffile.TiffFile(path) as tif:
        series = _first_series(tif, path)
        if _is_colour(series):
            raise InputError(
                f"{path} is a colour picture; strokes are stored as one number per "
                "pixel, so save the Labels layer itself."
            )
        return _native(series.asarray())


def write_tiff(
    path: Path,
    labels: NDArray[Any],
    *,
    axes: str,
    spacing: Mapping[str, float],
    units: str,
    ome: bool,
) -> None:
    """Write labels with their axes and spacing, compressed with zlib.

    ImageJ's format is used where it can hold the labels (8 or 16 bits, axes in the
    order ``tzyx``, below `MAX_IMAGEJ_BYTES`), and OME-TIFF otherwise. Axes in an order
    that neither can hold, such as ``xy``, go into tifffile's own description, without
    spacing.

    Parameters
    ----------
    path
        File to write, with any suffix.
    labels
        Unsigned integers, one axis per letter of `axes`.
    axes
        Letters of ``"tzyx"``.
    spacing
        Size of a pixel by letter, in `units`; the frame interval for ``t``.
    units
        Name of the unit of `spacing`, see `unit_name`.
    ome
        Whether the file is OME-TIFF even where ImageJ's format would do.
    """
    import tifffile

    options: dict[str, Any] = {
        "compression": "zlib",
        "photometric": "minisblack",
        "software": SOFTWARE,
    }
    description: dict[str, Any] = {"axes": axes.upper()}
    if axes not in ("yx", "zyx", "tyx", "tzyx"):
        tifffile.imwrite(path, labels, metadata=description, **options)
        return
    fits_imagej = labels.dtype.itemsize <= 2 and labels.nbytes < MAX_IMAGEJ_BYTES
    if fits_imagej and not ome:
        if "z" in axes:
            description["spacing"] = spacing["z"]
        if "t" in axes:
            description["finterval"] = spacing["t"]
        if units in UNIT_SYMBOLS:
            description["unit"] = "um" if units == "micrometer" else UNIT_SYMBOLS[units]
        tifffile.imwrite(
            path,
            labels,
            imagej=True,
            resolution=(1 / spacing["x"], 1 / spacing["y"]),
            metadata=description,
            **options,
        )
        return
    for axis in set(axes) & set("zyx"):
        description[f"PhysicalSize{axis.upper()}"] = spacing[axis]
        description[f"PhysicalSize{axis.upper()}Unit"] = UNIT_SYMBOLS.get(
            units, "pixel"
        )
    if "t" in axes:
        description["TimeIncrement"] = spacing["t"]
    tifffile.imwrite(path, labels, ome=True, metadata=description, **options)


def _first_series(tif: Any, path: Path) -> Any:
    """Return the first series of an open file; raise `InputError` if it has none."""
    if not tif.series:
        raise InputError(f"{path} holds no picture.")
    if len(tif.series) > 1:
        logger.info("%s holds %d pictures; the first is read.", path, len(tif.series))
    return tif.series[0]


def _native(data: Any) -> NDArray[Any]:
    """Return the array in the machine's byte order; ImageJ writes big-endian."""
    array = np.asarray(data)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _is_colour(series: Any) -> bool:
    """Whether a series is a picture with the colours on its last axis."""
    # Writers that guess mark a stack of three planes, such as strokes, as RGB too, but
    # with the samples in front.
    return bool(series.axes.endswith("S")) and series.keyframe.photometric.name == "RGB"


def _has_alpha(series: Any) -> bool:
    """Whether extra samples are alpha: 1 associated, 2 unassociated."""
    return any(int(sample) in (1, 2) for sample in series.keyframe.extrasamples)


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


def _spacing(tif: Any) -> tuple[dict[str, float], str]:
    """Read the size of a pixel by letter of the axis, and its unit."""
    if tif.is_ome:
        return _ome_spacing(tif.ome_metadata)
    if tif.is_imagej:
        return _imagej_spacing(tif)
    return {}, "pixel"


def _imagej_spacing(tif: Any) -> tuple[dict[str, float], str]:
    metadata = tif.imagej_metadata or {}
    spacing: dict[str, float] = {}
    for axis in "XY":
        tag = tif.pages[0].tags.get(f"{axis}Resolution")
        if tag is not None and all(tag.value):
            pixels, lengths = tag.value
            spacing[axis.lower()] = lengths / pixels
    spacing |= _positive({"z": metadata.get("spacing"), "t": metadata.get("finterval")})
    return spacing, unit_name(str(metadata.get("unit", "")))


def _ome_spacing(xml: str) -> tuple[dict[str, float], str]:
    import tifffile

    image = tifffile.xml2dict(xml)["OME"]["Image"]
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    sizes = {a: pixels.get(f"PhysicalSize{a.upper()}") for a in "zyx"}
    spacing = _positive({**sizes, "t": pixels.get("TimeIncrement")})
    # The OME schema's default unit is the micrometer.
    units = {
        a: unit_name(pixels.get(f"PhysicalSize{a.upper()}Unit", "µm"))
        for a in "zyx"
        if a in spacing
    }
    return common_unit(spacing, units)


def _positive(sizes: Mapping[str, Any]) -> dict[str, float]:
    """Keep positive finite numbers; files also hold zeros, NaN and texts as sizes."""
    kept = {}
    for axis, size in sizes.items():
        if isinstance(size, (int, float)) and size > 0 and math.isfinite(size):
            kept[axis] = float(size)
    return kept

"""Where the pixels of a TIFF file lie, their size, and what channels are called.

From OME-XML, the description of ImageJ, plain resolution tags and the tags of GDAL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np

from napari_garage_unet.engine.images.georeference import TiffTag
from napari_garage_unet.engine.images.units import (
    MICROMETERS_PER_UNIT,
    UNIT_SYMBOLS,
    common_unit,
    unit_name,
)

GEOREFERENCE_CODES = (33550, 33922, 34264, 34735, 34736, 34737)
"""Tags of a GeoTIFF: size of a pixel, tie points, transform, and keys."""

NODATA_CODE = 42113
"""Tag in which GDAL keeps, as text, the value that stands for no data."""

MAX_SCREEN_DPI = 1200
"""Whole numbers of pixels per inch up to here are a setting for screen or print."""

_MICROMETERS_PER_INCH = 25400.0
_UNSET_DPI = (25.4,)
"""What ITK writes, as pixels of 1 mm, where it knows no pixel size."""

_SECONDS_PER_UNIT = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Place:
    """Size and position of the pixels of a picture.

    Parameters
    ----------
    spacing
        Size of a pixel by letter of the axis, in `units`; along ``t`` in seconds.
    units
        Name of the unit, see `unit_name`.
    origin
        Centre of the first pixel by letter of the axis, in `units`.
    channel_names
        Names of the channels; empty where they are not known.
    notes
        Ends of sentences that begin with the name of the file.
    """

    spacing: Mapping[str, float] = field(default_factory=dict)
    units: str = "pixel"
    origin: Mapping[str, float] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_place(tif: Any, at: int) -> Place:
    """Read size, position and channel names of a picture.

    Parameters
    ----------
    tif
        Open `tifffile.TiffFile`.
    at
        Index of the picture in its series.
    """
    if tif.is_ome:
        return _ome_place(tif, at)
    if tif.is_imagej:
        return _imagej_place(tif)
    series = tif.series[at]
    is_deep = len(set(series.axes) - set("SCYX")) > 0
    return _resolution_place(series.keyframe, is_deep=is_deep)


def read_georeference(keyframe: Any) -> tuple[TiffTag, ...]:
    """Return the tags that place a GeoTIFF on the map."""
    tags = (keyframe.tags.get(code) for code in GEOREFERENCE_CODES)
    return tuple(
        TiffTag(int(tag.code), int(tag.dtype), int(tag.count), tag.value)
        for tag in tags
        if tag is not None
    )


def read_nodata(keyframe: Any, dtype: np.dtype[Any]) -> tuple[float | None, str]:
    """Read the value that stands for no data.

    Returns
    -------
    nodata : float or None
        None where there is none, where it is NaN, and where no pixel can have it.
    told : str
        End of a sentence that begins with the name of the file; empty where there is no
        such tag.
    """
    tag = keyframe.tags.get(NODATA_CODE)
    if tag is None:
        return None, ""
    text = str(tag.value).strip("\x00 ")
    try:
        value = float(text)
    except ValueError:
        return None, f"names '{text}' as its no-data value, which is no number"
    if math.isnan(value):
        return None, "names NaN as its no-data value; such pixels are left out"
    if dtype.kind in "iu" and not (
        np.iinfo(dtype).min <= value <= np.iinfo(dtype).max and value == int(value)
    ):
        return None, ""
    return value, f"names {text} as its no-data value; such pixels are left out"


def _resolution_place(keyframe: Any, *, is_deep: bool) -> Place:
    """Read plain resolution tags, unless they say how to show or print the picture."""
    tags = keyframe.tags
    unit = tags.get("ResolutionUnit")
    inches = {2: 1.0, 3: 1 / 2.54}.get(int(unit.value) if unit is not None else 0)
    sizes: dict[str, float] = {}
    for axis in "XY":
        tag = tags.get(f"{axis}Resolution")
        if inches is None or tag is None or not all(tag.value):
            return Place()
        dpi = tag.value[0] / tag.value[1] / inches
        if _is_screen(dpi):
            return Place()
        sizes[axis.lower()] = _MICROMETERS_PER_INCH / dpi
    units = "micrometer" if sizes["x"] < 100 else "millimeter"
    spacing = {a: size / MICROMETERS_PER_UNIT[units] for a, size in sizes.items()}
    told = (
        f"has pixels of {spacing['x']:.4g} x {spacing['y']:.4g} {UNIT_SYMBOLS[units]} "
        "by its resolution tags"
    )
    if is_deep:
        told += ", which say nothing about z; that along x is taken"
    return Place({**spacing, "z": spacing["x"]}, units, notes=(told,))


def _is_screen(dpi: float) -> bool:
    """Whether pixels per inch are how large to show a picture, not how large they are.

    2540 and more, 10 µm and less, come from microscopes, also as whole numbers.
    """
    whole = abs(dpi - round(dpi)) < 1e-3 * max(dpi, 1)
    return any(abs(dpi - unset) < 0.01 for unset in _UNSET_DPI) or (
        dpi < 1 or (dpi <= MAX_SCREEN_DPI and whole)
    )


def _imagej_place(tif: Any) -> Place:
    metadata = tif.imagej_metadata or {}
    spacing: dict[str, float] = {}
    for axis in "XY":
        tag = tif.pages[0].tags.get(f"{axis}Resolution")
        if tag is not None and all(tag.value):
            pixels, lengths = tag.value
            spacing[axis.lower()] = lengths / pixels
    spacing |= _positive({"z": metadata.get("spacing"), "t": metadata.get("finterval")})
    # ImageJ counts the place of its origin in pixels.
    origin = {
        a: -float(metadata[f"{a}origin"]) * spacing.get(a, 1.0)
        for a in "xyz"
        if isinstance(metadata.get(f"{a}origin"), (int, float))
    }
    units = {"x": unit_name(str(metadata.get("unit", "")))}
    for axis in "yz":
        if metadata.get(f"{axis}unit"):
            units[axis] = unit_name(str(metadata[f"{axis}unit"]))
    spacing, unit = common_unit(spacing, units)
    names = _imagej_channels(metadata)
    return Place(spacing, unit, common_unit(origin, units)[0], names)


def _imagej_channels(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of the first slice of each channel, if they differ."""
    labels = metadata.get("Labels")
    n = int(metadata.get("channels", 1))
    if isinstance(labels, str):
        labels = [labels]
    if n < 2 or not labels or len(labels) < n:
        return ()
    names = tuple(str(label).strip() for label in labels[:n])
    return names if len(set(names)) == n and all(names) else ()


def _ome_place(tif: Any, at: int) -> Place:
    import tifffile

    try:
        described = tifffile.xml2dict(tif.ome_metadata)["OME"]
    except ElementTree.ParseError:
        return Place(notes=("has a description that cannot be read",))
    if "BinaryOnly" in described:
        other = described["BinaryOnly"].get("MetadataFile", "another file")
        told = f"has its description in {other}, which is not read: sizes, names and"
        return Place(notes=(f"{told} axes are not known",))
    images = _listed(described.get("Image", {}))
    # tifffile leaves out images without data, so that numbers may not agree.
    pixels = images[at if at < len(images) else 0].get("Pixels", {}) if images else {}
    spacing = _positive({a: pixels.get(f"PhysicalSize{a.upper()}") for a in "zyx"})
    # The OME schema's default unit is the micrometer.
    units = {
        a: unit_name(pixels.get(f"PhysicalSize{a.upper()}Unit", "µm")) for a in spacing
    }
    notes: tuple[str, ...] = ()
    # The size along another axis says more than 1 µm that nobody has measured.
    for axis, other in (("x", "y"), ("y", "x"), ("z", "x")):
        is_there = axis != "z" or int(pixels.get("SizeZ", 1)) > 1
        if is_there and axis not in spacing and other in spacing:
            spacing[axis], units[axis] = spacing[other], units[other]
            notes += (f"has no pixel size along {axis}; that along {other} is taken",)
    interval = _positive({"t": pixels.get("TimeIncrement")})
    if interval:
        unit = str(pixels.get("TimeIncrementUnit", "s"))
        spacing["t"] = interval["t"] * _SECONDS_PER_UNIT.get(unit, 1.0)
    sizes_in_one, name = common_unit(spacing, units)
    return Place(
        sizes_in_one, name, _ome_origin(pixels, name), _ome_channels(pixels), notes
    )


def _ome_origin(pixels: Mapping[str, Any], units: str) -> dict[str, float]:
    """Return the position of the first plane where it is a length."""
    planes = _listed(pixels.get("Plane", []))
    origin: dict[str, float] = {}
    for axis in "xyz":
        if not planes:
            break
        value = planes[0].get(f"Position{axis.upper()}")
        stored = planes[0].get(f"Position{axis.upper()}Unit")
        # By default positions are in the microscope's own frame, not a length.
        if stored in (None, "reference frame"):
            continue
        if isinstance(value, (int, float)) and math.isfinite(value):
            unit = unit_name(str(stored))
            if unit == units:
                origin[axis] = float(value)
            elif unit in MICROMETERS_PER_UNIT and units in MICROMETERS_PER_UNIT:
                factor = MICROMETERS_PER_UNIT[unit] / MICROMETERS_PER_UNIT[units]
                origin[axis] = value * factor
    return origin


def _ome_channels(pixels: Mapping[str, Any]) -> tuple[str, ...]:
    channels = _listed(pixels.get("Channel", []))
    names = tuple(str(channel.get("Name", "")) for channel in channels)
    return names if all(names) else ()


def _listed(value: Any) -> Sequence[Any]:
    """Return what tifffile gives as a list only where there are several."""
    return value if isinstance(value, list) else [value]


def _positive(sizes: Mapping[str, Any]) -> dict[str, float]:
    """Keep positive finite numbers; files also hold zeros, NaN and texts as sizes."""
    kept = {}
    for axis, size in sizes.items():
        if isinstance(size, (int, float)) and size > 0 and math.isfinite(size):
            kept[axis] = float(size)
    return kept

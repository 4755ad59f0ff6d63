"""Writing of labels and probabilities as TIFF files, by tifffile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import UNIT_SYMBOLS

from .label_classes import LabelClass, imagej_colors
from .origin import SOFTWARE

MAX_IMAGEJ_BYTES = 2**31
"""Size up to which ImageJ reads uncompressed data in its own TIFF format."""

MAX_CLASSIC_BYTES = 2**32 - 2**25
"""Size up to which data surely fit into a classic TIFF, however badly they compress."""

MAX_COLORED_ID = 65535
"""Highest id up to which ImageJ gets a table of colours."""


def write_tiff(
    path: Path,
    labels: NDArray[Any],
    *,
    like: Image,
    classes: Sequence[LabelClass] = (),
    ome: bool = False,
) -> None:
    """Write labels with their axes, size and place, compressed with zlib.

    ImageJ's format is used where it can hold the labels (8 or 16 bits, axes in the
    order ``tzyx``, below `MAX_IMAGEJ_BYTES`), and OME-TIFF otherwise. Axes in an order
    that neither can hold, such as ``xy``, go into tifffile's own description, without
    spacing.

    Parameters
    ----------
    path
        File to write, with any suffix.
    labels
        Unsigned integers, one axis per spatial axis of `like`.
    like
        Image whose spatial axes, spacing, units, origin and georeference are stored.
    classes
        Colours in which ImageJ shows the labels; by default it shows them in grey, from
        0 to the highest.
    ome
        Whether the file is OME-TIFF even where ImageJ's format would do.
    """
    import tifffile

    axes = like.spatial_axes
    options = tiff_options(like, labels.nbytes)
    if axes not in ("yx", "zyx", "tyx", "tzyx"):
        tifffile.imwrite(path, labels, metadata={"axes": axes.upper()}, **options)
        return
    fits_imagej = labels.dtype.itemsize <= 2 and labels.nbytes < MAX_IMAGEJ_BYTES
    if not fits_imagej or ome:
        tifffile.imwrite(path, labels, ome=True, metadata=ome_metadata(like), **options)
        return
    spacing = dict(zip(axes, like.spacing, strict=True))
    description: dict[str, Any] = {"axes": axes.upper()}
    if "z" in axes:
        description["spacing"] = spacing["z"]
    if "t" in axes:
        description["finterval"] = spacing["t"]
    if like.units in UNIT_SYMBOLS:
        is_micrometer = like.units == "micrometer"
        description["unit"] = "um" if is_micrometer else UNIT_SYMBOLS[like.units]
    for axis, start in zip(axes, like.origin, strict=True):
        if axis in "zyx" and start:
            # ImageJ counts the place of its origin in pixels.
            description[f"{axis}origin"] = -start / spacing[axis]
    highest = max((int(labels.max()), *(c.id for c in classes)))
    if highest:
        description |= {"min": 0.0, "max": float(highest)}
        if classes and highest <= MAX_COLORED_ID:
            description["LUTs"] = [imagej_colors(classes, highest)]
    resolution = (1 / spacing["x"], 1 / spacing["y"])
    del options["bigtiff"]
    tifffile.imwrite(
        path,
        labels,
        imagej=True,
        resolution=resolution,
        metadata=description,
        **options,
    )


def tiff_options(like: Image, n_bytes: int) -> dict[str, Any]:
    """Return what all TIFF files of results have in common.

    Parameters
    ----------
    like
        Image whose place on the map is stored.
    n_bytes
        Size of the values without compression.
    """
    return {
        "compression": "zlib",
        "photometric": "minisblack",
        "software": SOFTWARE,
        # tifffile chooses BigTIFF by itself only for values without compression.
        "bigtiff": n_bytes > MAX_CLASSIC_BYTES,
        "extratags": [(*tag, True) for tag in like.georeference],
    }


def ome_metadata(
    like: Image, *, n_channels: int = 0, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the description of an OME-TIFF for tifffile.

    Parameters
    ----------
    like
        Image whose spatial axes, spacing, units and origin are stored.
    n_channels
        Number of channels in front of the spatial axes; 0 where there is no such axis.
    names
        Names of the channels.
    """
    axes, units = like.spatial_axes, UNIT_SYMBOLS.get(like.units, "pixel")
    described: dict[str, Any] = {"axes": axes.upper()}
    for axis, size in zip(axes, like.spacing, strict=True):
        if axis == "t":
            described["TimeIncrement"] = size
        else:
            described[f"PhysicalSize{axis.upper()}"] = size
            described[f"PhysicalSize{axis.upper()}Unit"] = units
    n_planes = int(
        np.prod([like.data.shape[like.axes.index(a)] for a in like.stack_axes])
    )
    if n_channels:
        described["axes"] = "C" + described["axes"]
        n_planes *= n_channels
        if names:
            described["Channel"] = {"Name": list(names)}
    starts = {a: s for a, s in zip(axes, like.origin, strict=True) if a != "t"}
    if any(starts.values()):
        plane: dict[str, Any] = {}
        for axis, start in starts.items():
            plane[f"Position{axis.upper()}"] = [start] * n_planes
            plane[f"Position{axis.upper()}Unit"] = [units] * n_planes
        described["Plane"] = plane
    return described

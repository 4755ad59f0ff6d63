"""OME-Zarr images and plain Zarr arrays on disk, by zarr."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AXES, decide_axes
from napari_garage_unet.engine.images.image import ArrayLike, Image
from napari_garage_unet.engine.images.units import common_unit, unit_name

from .origin import CREATOR, SOFTWARE

CHUNK_SIDE_PIXELS = 1024
"""Rows and columns of a written chunk."""

_MARKER_NAMES = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
"""Files of which a Zarr folder has at least one."""


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return any((path / marker).is_file() for marker in _MARKER_NAMES)


def read_zarr(path: Path, *, axes: str | None) -> Image:
    """Open the finest level of an OME-Zarr image, or a plain Zarr array.

    Only metadata are read: `Image.data` is the Zarr array.

    Parameters
    ----------
    path
        Folder of the group or array, with metadata of OME-Zarr 0.5 or older.
    axes
        Letters of the axes, for metadata without axes or with wrong ones.

    Returns
    -------
    Image
        On disk, with every axis of the array, those of length 1 included.

    Raises
    ------
    InputError
        If the folder holds no image, or an axis is not one of ``t z y x c``.
    """
    import zarr

    found = zarr.open(store=str(path), mode="r")
    if isinstance(found, zarr.Array):
        array: ArrayLike = found
        letters, source = decide_axes(
            found.shape, said=axes, labels=_dimension_names(found), name=path.name
        )
        return Image(array, letters, name=path.name, axes_source=source)
    multiscale = _multiscale(found, path)
    if multiscale is None and "0" in found and isinstance(found["0"], zarr.Group):
        # bioformats2raw writes a group of images.
        found = found["0"]
        multiscale = _multiscale(found, path)
    if multiscale is None:
        raise InputError(
            f"{path} holds no OME-Zarr image; choose the folder of the image itself."
        )
    level = multiscale["datasets"][0]
    array = found[level["path"]]
    letters, units = _axes(multiscale, path)
    scale = np.ones(len(letters))
    for owner in (level, multiscale):
        for transform in owner.get("coordinateTransformations", ()):
            if transform.get("type") == "scale":
                scale = scale * np.asarray(transform["scale"], float)
    sizes = dict(zip(letters, scale.tolist(), strict=True))
    spacing, unit = common_unit(sizes, units)
    axes, source = decide_axes(array.shape, said=axes, stored=letters, name=path.name)
    return Image(
        array,
        axes,
        spacing=tuple(spacing.get(a, 1.0) for a in axes if a != "c"),
        units=unit,
        name=path.name,
        axes_source=source,
    )


def write_zarr(
    path: Path,
    labels: ArrayLike,
    dtype: np.dtype[Any],
    *,
    axes: str,
    spacing: Mapping[str, float],
    units: str,
) -> None:
    """Write labels as OME-Zarr 0.4, which more programs can read than 0.5.

    Parameters
    ----------
    path
        Folder to create.
    labels
        Integers from 0, one axis per letter of `axes`; read plane by plane, so that
        lazy labels stay lazy.
    dtype
        Unsigned dtype to store.
    axes
        Letters of ``"tzyx"``.
    spacing
        Size of a pixel by letter, in `units`.
    units
        Name of the unit of `spacing`, see `unit_name`.
    """
    import zarr

    group = zarr.open_group(store=str(path), mode="w-", zarr_format=2)
    shape = tuple(int(n) for n in labels.shape)
    array = group.create_array(
        "0",
        shape=shape,
        chunks=(1,) * (len(shape) - 2)
        + tuple(min(n, CHUNK_SIDE_PIXELS) for n in shape[-2:]),
        dtype=dtype,
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )
    for index in np.ndindex(shape[:-2]):
        array[index] = np.asarray(labels[index]).astype(dtype)
    described = []
    for axis in axes:
        entry = {"name": axis, "type": "time" if axis == "t" else "space"}
        if axis != "t" and units != "pixel":
            entry["unit"] = units
        described.append(entry)
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "name": "segmentation",
            "axes": described,
            "datasets": [
                {
                    "path": "0",
                    "coordinateTransformations": [
                        {"type": "scale", "scale": [spacing[a] for a in axes]}
                    ],
                }
            ],
        }
    ]
    group.attrs["image-label"] = {"version": "0.4"}
    group.attrs[CREATOR] = {"name": SOFTWARE}


def _dimension_names(array: Any) -> list[str]:
    """Return the names of an array's axes, as Zarr 3 or xarray keep them."""
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS", [])
    return [str(name) for name in names]


def _multiscale(group: Any, path: Path) -> Any:
    """Return the first multiscale image in a group's metadata, or None."""
    attributes = dict(group.attrs)
    # Since OME-Zarr 0.5 all metadata are under "ome".
    multiscales = attributes.get("ome", attributes).get("multiscales")
    if not multiscales:
        return None
    if not multiscales[0].get("datasets"):
        raise InputError(f"The OME-Zarr image {path} names no arrays.")
    return multiscales[0]


def _axes(multiscale: Any, path: Path) -> tuple[str, dict[str, str]]:
    """Read the letters of the axes, and the units of those in space by letter."""
    # OME-Zarr 0.3 has plain names, and older versions always these axes.
    described = multiscale.get("axes", list("tczyx"))
    axes = [{"name": a} if isinstance(a, str) else a for a in described]
    letters = [str(a["name"]).lower()[:1] for a in axes]
    if not set(letters) <= set(AXES):
        names = ", ".join(str(a["name"]) for a in axes)
        raise InputError(
            f"{path} has the axes {names}; only t, z, y, x and c can be read."
        )
    units = {
        letter: unit_name(a["unit"])
        for letter, a in zip(letters, axes, strict=True)
        if letter in "zyx" and "unit" in a
    }
    return "".join(letters), units

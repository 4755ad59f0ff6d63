"""Reading of OME-Zarr images and plain Zarr arrays on disk, by zarr."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AXES, decide_axes
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import common_unit, unit_name

from .choice import choose_picture
from .zarr_array import StoredArray

_MARKER_NAMES = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
"""Files of which a Zarr folder has at least one."""


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return any((path / marker).is_file() for marker in _MARKER_NAMES)


def read_zarr(path: Path, *, axes: str | None, series: int | None = None) -> Image:
    """Open the finest level of an OME-Zarr image, or a plain Zarr array.

    Only metadata are read: `Image.data` is a `StoredArray`.

    Parameters
    ----------
    path
        Folder of the group or array, with metadata of OME-Zarr 0.5 or older.
    axes
        Letters of the axes, for metadata without axes or with wrong ones.
    series
        Number of the image in a group of several, see `choose_picture`.

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
    images = []
    if isinstance(found, zarr.Group):
        images = list(_images(found, path))
        if not images:
            raise InputError(
                f"{path} holds no OME-Zarr image; choose the folder of the image "
                f"itself{_inside(found)}."
            )
    elif is_zarr(path.parent):
        images = list(_image_of_level(path))
    if not images:
        letters, source = decide_axes(
            found.shape, said=axes, labels=_dimension_names(found), name=path.name
        )
        if series is not None:
            choose_picture([1], [""], series, path)
        array = StoredArray(found, path)
        return Image(
            array,
            letters,
            name=path.name,
            axes_source=source,
            notes=_sentences(path, array.missing_blocks()),
        )
    levels = [group[multiscale["datasets"][0]["path"]] for group, multiscale in images]
    number, told = choose_picture(
        [int(np.prod(level.shape[-2:])) for level in levels],
        [
            f"'{group.path or '/'}' {level.shape}"
            for (group, _), level in zip(images, levels, strict=True)
        ],
        series,
        path,
    )
    (group, multiscale), level = images[number], levels[number]
    letters, units = _axes(multiscale, path)
    sizes, starts = _transformed(multiscale, letters, path)
    spacing, unit = common_unit(sizes, units)
    origin, _ = common_unit(starts, units)
    array = StoredArray(level, path)
    axes, source = decide_axes(array.shape, said=axes, stored=letters, name=path.name)
    spatial = [a for a in axes if a != "c"]
    return Image(
        array,
        axes,
        spacing=tuple(spacing.get(a, 1.0) for a in spatial),
        units=unit,
        name=path.name,
        origin=tuple(origin.get(a, 0.0) for a in spatial),
        channel_names=_channel_names(group, axes, array.shape),
        axes_source=source,
        notes=_sentences(path, told, array.missing_blocks()),
    )


def _sentences(path: Path, *ends: str) -> tuple[str, ...]:
    return tuple(f"{path.name} {end}." for end in ends if end)


def _images(group: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield each image of a group with its metadata.

    A group is an image itself, the images that bioformats2raw has numbered, or the
    fields of a plate with wells.
    """
    import zarr

    attributes = _attributes(group)
    multiscales = attributes.get("multiscales") or []
    for multiscale in multiscales:
        if not multiscale.get("datasets"):
            raise InputError(f"The OME-Zarr image {path} names no arrays.")
        yield group, multiscale
    if multiscales:
        return
    if "plate" in attributes:
        inside = [str(well["path"]) for well in attributes["plate"].get("wells", [])]
    elif "well" in attributes:
        inside = [str(field["path"]) for field in attributes["well"].get("images", [])]
    else:
        inside = list(
            itertools.takewhile(group.__contains__, map(str, itertools.count()))
        )
    for name in inside:
        member = group.get(name)
        if isinstance(member, zarr.Group):
            yield from _images(member, path)


def _image_of_level(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the group that an array is a level of, with the metadata of that level."""
    import zarr

    group = zarr.open(store=str(path.parent), mode="r")
    for multiscale in _attributes(group).get("multiscales") or []:
        for level in multiscale.get("datasets") or []:
            if level.get("path") == path.name:
                yield group, {**multiscale, "datasets": [level]}
                return


def _inside(group: Any) -> str:
    """Name the labels in a group, if it has any."""
    labels = _attributes(group).get("labels") or []
    return f", one of {', '.join(map(str, labels))}" if labels else ""


def _attributes(group: Any) -> Any:
    """Return the metadata of a group; since OME-Zarr 0.5 they are under "ome"."""
    attributes = dict(group.attrs)
    return attributes.get("ome", attributes)


def _transformed(
    multiscale: Any, letters: str, path: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """Return size and place of the first pixel of the finest level by letter."""
    scale, start = np.ones(len(letters)), np.zeros(len(letters))
    for owner in (multiscale["datasets"][0], multiscale):
        for transform in owner.get("coordinateTransformations", ()):
            kind = transform.get("type")
            if kind not in ("scale", "translation"):
                continue
            values = np.asarray(transform.get(kind, ()), float)
            if values.shape != scale.shape:
                raise InputError(
                    f"{path} gives no {kind} with one number for each of the axes "
                    f"{letters}."
                )
            if kind == "scale":
                scale, start = scale * values, start * values
            else:
                start = start + values
    sizes = dict(zip(letters, scale.tolist(), strict=True))
    return sizes, dict(zip(letters, start.tolist(), strict=True))


def _channel_names(group: Any, axes: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return the labels of the channels where each has one."""
    channels = (_attributes(group).get("omero") or {}).get("channels") or []
    names = tuple(str(channel.get("label") or "") for channel in channels)
    n_channels = shape[axes.index("c")] if "c" in axes else 1
    return names if all(names) and len(names) == n_channels else ()


def _dimension_names(array: Any) -> list[str]:
    """Return the names of an array's axes, as Zarr 3 or xarray keep them."""
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS", [])
    return [str(name) for name in names]


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

"""Writing of labels as OME-Zarr."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_garage_unet.engine.images.image import ArrayLike, Image

from .label_classes import LabelClass, ome_label_metadata
from .origin import CREATOR, SOFTWARE

CHUNK_SIDE_PIXELS = 1024
"""Rows and columns of a written chunk."""


def write_zarr(
    path: Path,
    labels: ArrayLike,
    dtype: np.dtype[Any],
    *,
    like: Image,
    classes: Sequence[LabelClass] = (),
) -> None:
    """Write labels as OME-Zarr 0.4, which more programs can read than 0.5.

    Parameters
    ----------
    path
        Folder to create.
    labels
        Integers from 0, one axis per spatial axis of `like`; read plane by plane, so
        that lazy labels stay lazy.
    dtype
        Unsigned dtype to store.
    like
        Image whose spatial axes, spacing, units and origin are stored.
    classes
        Names and colours of the labels, stored under ``image-label``.
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
    for axis in like.spatial_axes:
        entry = {"name": axis, "type": "time" if axis == "t" else "space"}
        if axis != "t" and like.units != "pixel":
            entry["unit"] = like.units
        described.append(entry)
    transforms: list[dict[str, Any]] = [
        {"type": "scale", "scale": [float(n) for n in like.spacing]}
    ]
    if any(like.origin):
        start = [float(n) for n in like.origin]
        transforms.append({"type": "translation", "translation": start})
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "name": "segmentation",
            "axes": described,
            "datasets": [{"path": "0", "coordinateTransformations": transforms}],
        }
    ]
    group.attrs["image-label"] = {"version": "0.4", **ome_label_metadata(classes)}
    group.attrs[CREATOR] = {"name": SOFTWARE}

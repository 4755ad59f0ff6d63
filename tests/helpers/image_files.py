"""Pixels, ids and OME-Zarr images for tests of files."""

from __future__ import annotations

import numpy as np
import zarr


def random_pixels(shape, dtype=np.uint8, seed=0):
    """Values over the whole range of an integer dtype, or normal floats, or bool."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    if np.dtype(dtype).kind == "b":
        return rng.random(shape) < 0.5
    return rng.integers(np.iinfo(dtype).max, size=shape, dtype=dtype, endpoint=True)


def random_ids(shape, seed=0):
    """Class ids of which some are left out."""
    return np.random.default_rng(seed).choice([0, 1, 3, 7], size=shape).astype(np.uint8)


def ome_zarr(path, data, version, axes, scale, unit="micrometer"):
    """Write an OME-Zarr image of two levels, with metadata of version 0.4 or 0.5."""
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if version < 0.5 else 3)
    group.create_array("full", data=data)
    group.create_array("half", data=data[..., ::2, ::2])
    described = [
        {"name": a, "type": "space", "unit": unit}
        if a in "zyx"
        else {"name": a, "type": {"c": "channel", "t": "time"}[a]}
        for a in axes
    ]
    scales = [scale, [*scale[:-2], scale[-2] * 2, scale[-1] * 2]]
    multiscale = {
        "axes": described,
        "datasets": [
            {
                "path": name,
                "coordinateTransformations": [{"type": "scale", "scale": s}],
            }
            for name, s in zip(("full", "half"), scales, strict=True)
        ],
    }
    if version < 0.5:
        group.attrs["multiscales"] = [{**multiscale, "version": str(version)}]
    else:
        group.attrs["ome"] = {"version": str(version), "multiscales": [multiscale]}

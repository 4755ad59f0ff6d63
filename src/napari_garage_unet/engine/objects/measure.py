"""Numbers of objects and classes, in world units.

A table is a dictionary of columns of equal length. The names of the columns do not
change with the units; `column_unit` says what a column is measured in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from skimage.measure import regionprops_table

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.regions import Integers, find_regions

from .tables import Table

Float = npt.NDArray[np.float64]


def measure(
    objects: Integers,
    *,
    image: npt.NDArray[np.generic] | None = None,
    channels: Sequence[str] | None = None,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    time: bool = False,
) -> Table:
    """Measure each object.

    Parameters
    ----------
    objects
        ``(*spatial)`` ids as from `objects`, in two or three axes besides time; 0 is
        no object.
    image
        ``(*spatial)`` or ``(*spatial, n_channels)`` whose mean is taken in each object.
    channels
        Names of the channels, for the columns ``mean_NAME``; 0, 1, ... when left out,
        and just ``mean_intensity`` for an image without channel axis.
    spacing
        World units per pixel of each axis; 1 when left out.
    origin
        World coordinates of the first pixel's centre; 0 when left out.
    time
        Whether the first axis is time, which is no axis of space: each time point is
        measured on its own, and an object that is there at several has several rows.

    Returns
    -------
    table
        One row per object, by time point and id:

        ``label``
            Id.
        ``t``
            Number of the time point, from 0; only with `time`.
        ``area`` or ``volume``
            In two, in three axes.
        ``centroid_y``, ...
            Mean of the pixel centres.
        ``bbox_min_y``, ``bbox_max_y``, ...
            Outer edges of the first and last pixels.
        ``mean_intensity``, ...
            Of the image.
        ``equivalent_diameter``
            Of the circle or ball of the same size.
        ``axis_major``, ``axis_minor``
            Longest and shortest axis of the ellipse or ellipsoid with the same second
            moments, those of the pixels' own extent included.
        ``elongation``
            ``axis_major / axis_minor``; 1 for a circle or ball.
        ``extent``
            Share of the bounding box that is filled.

    Raises
    ------
    InputError
        If the shapes do not fit, or the objects have other than two or three axes.
    """
    if objects.ndim - time not in (2, 3):
        besides = " besides time" if time else ""
        raise InputError(
            f"Objects are measured in 2 or 3 axes{besides}, "
            f"but there are {objects.ndim - time}."
        )
    if time:
        return _measure_each(objects, image, channels, spacing, origin)
    step = _per_axis(objects.ndim, spacing, 1.0, "spacing")
    if (step <= 0).any():
        raise InputError(f"The spacing has to be positive, not {step.tolist()}.")
    offset = _per_axis(objects.ndim, origin, 0.0, "origin")
    names = _channel_names(objects, image, channels)

    wanted = ["label", "num_pixels", "centroid", "bbox", "moments_central"]
    found = regionprops_table(
        objects,
        intensity_image=image,
        properties=[*wanted, "intensity_mean"] if names else wanted,
    )
    axes = "zyx"[-objects.ndim :]
    pixels = np.asarray(found["num_pixels"], np.float64)
    size = pixels * step.prod()
    table: Table = {
        "label": np.asarray(found["label"], np.int64),
        "area" if objects.ndim == 2 else "volume": size,
    }
    for axis, name in enumerate(axes):
        table[f"centroid_{name}"] = (
            found[f"centroid-{axis}"] * step[axis] + offset[axis]
        )
    box = np.ones_like(size)
    for axis, name in enumerate(axes):
        low = (found[f"bbox-{axis}"] - 0.5) * step[axis] + offset[axis]
        high = (found[f"bbox-{axis + objects.ndim}"] - 0.5) * step[axis] + offset[axis]
        table[f"bbox_min_{name}"], table[f"bbox_max_{name}"] = low, high
        box *= high - low
    for index, name in enumerate(names):
        plain = "intensity_mean"
        table[name] = found[plain if plain in found else f"{plain}-{index}"]
    lengths = _axis_lengths(found, pixels, step)
    table["equivalent_diameter"] = _equivalent_diameter(size, objects.ndim)
    table["axis_major"], table["axis_minor"] = lengths[:, -1], lengths[:, 0]
    table["elongation"] = lengths[:, -1] / lengths[:, 0]
    table["extent"] = size / box
    return table


def _measure_each(
    objects: Integers,
    image: npt.NDArray[np.generic] | None,
    channels: Sequence[str] | None,
    spacing: Sequence[float] | None,
    origin: Sequence[float] | None,
) -> Table:
    step = _per_axis(objects.ndim, spacing, 1.0, "spacing")
    offset = _per_axis(objects.ndim, origin, 0.0, "origin")
    _channel_names(objects, image, channels)
    parts = []
    for t in range(len(objects)):
        part = measure(
            objects[t],
            image=None if image is None else image[t],
            channels=channels,
            spacing=step[1:].tolist(),
            origin=offset[1:].tolist(),
        )
        label = part.pop("label")
        parts.append({"label": label, "t": np.full(label.size, t, np.int64), **part})
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def class_totals(
    labels: Integers,
    class_ids: Sequence[int],
    *,
    objects: Mapping[int, Integers] | None = None,
    spacing: Sequence[float] | None = None,
) -> Table:
    """Sum up each class of a segmentation.

    Parameters
    ----------
    labels
        ``(*spatial)`` segmentation.
    class_ids
        The classes, a row each.
    objects
        Objects of some classes, as from `objects.objects`; the others count what is
        connected.
    spacing
        World units per pixel of each axis; 1 when left out.

    Returns
    -------
    table
        ``class``, ``size`` (area or volume), ``fraction`` (share of all pixels) and
        ``count`` (objects)

    Raises
    ------
    InputError
        If the spacing does not fit.
    """
    step = _per_axis(labels.ndim, spacing, 1.0, "spacing")
    pixels, counts = [], []
    regions = find_regions(np.ascontiguousarray(labels)) if labels.size else None
    for class_id in class_ids:
        pixels.append(np.count_nonzero(labels == class_id))
        if objects is not None and class_id in objects:
            mine = objects[class_id]
            counts.append(np.unique(mine[mine != 0]).size)
        elif regions is None:
            counts.append(0)
        else:
            counts.append(regions.join(regions.labels == class_id, diagonal=True)[1])
    return {
        "class": np.array(class_ids, np.int64),
        "size": np.array(pixels) * step.prod(),
        "fraction": np.array(pixels) / max(labels.size, 1),
        "count": np.array(counts, np.int64),
    }


def _per_axis(
    n_axes: int, values: Sequence[float] | None, default: float, name: str
) -> Float:
    found = np.full(n_axes, default) if values is None else np.array(values, np.float64)
    if found.shape != (n_axes,) or not np.isfinite(found).all():
        raise InputError(
            f"The {name} needs a number for each of {n_axes} axes, not {values}."
        )
    return found


def _channel_names(
    objects: Integers,
    image: npt.NDArray[np.generic] | None,
    channels: Sequence[str] | None,
) -> list[str]:
    if image is None:
        return []
    if image.shape[: objects.ndim] != objects.shape or image.ndim > objects.ndim + 1:
        raise InputError(
            f"An image of shape {image.shape} does not fit objects of shape "
            f"{objects.shape}."
        )
    count = 1 if image.ndim == objects.ndim else image.shape[-1]
    if channels is not None and len(channels) != count:
        raise InputError(
            f"The image has {count} channels, but {len(channels)} names are given."
        )
    if channels is not None:
        return [f"mean_{name}" for name in channels]
    if image.ndim == objects.ndim:
        return ["mean_intensity"]
    return [f"mean_{index}" for index in range(count)]


def _axis_lengths(found: Mapping[str, Float], pixels: Float, step: Float) -> Float:
    """Return the full axes of the ellipsoids with the objects' second moments.

    A full axis is ``2 sqrt((d + 2) v)`` for a variance v in d dimensions. A pixel is a
    box of its own with variance 1/12, so that lines have a width.

    Returns
    -------
    ``(n_objects, n_axes)`` float64, ascending
    """
    n_axes = step.size
    covariance = np.empty((pixels.size, n_axes, n_axes))
    for i in range(n_axes):
        for j in range(n_axes):
            order = [0] * n_axes
            order[i] += 1
            order[j] += 1
            moment = found["moments_central-" + "-".join(map(str, order))]
            variance = moment / pixels + (i == j) / 12
            covariance[:, i, j] = variance * step[i] * step[j]
    lengths: Float = 2 * np.sqrt((n_axes + 2) * np.linalg.eigvalsh(covariance))
    return lengths


def _equivalent_diameter(size: Float, n_axes: int) -> Float:
    diameter: Float = (
        2 * np.sqrt(size / math.pi) if n_axes == 2 else np.cbrt(6 * size / math.pi)
    )
    return diameter

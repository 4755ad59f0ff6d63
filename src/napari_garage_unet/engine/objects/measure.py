"""Measurements of objects and classes, in world units; see `table_units` for those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from skimage.measure import regionprops_table

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.regions import Integers, find_regions

from .ellipsoids import axis_lengths, equivalent_diameter
from .finite_means import finite_means
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
        ``(*spatial)`` integer ids as from `objects`, with two or three axes besides
        time; 0 is no object.
    image
        ``(*spatial)`` or ``(*spatial, n_channels)`` whose mean is taken in each object,
        over finite values alone.
    channels
        Names of the channels, for the columns ``mean_NAME``; 0, 1, ... by default, and
        ``mean_intensity`` for an image without channel axis.
    spacing
        World units per pixel of each axis; 1 by default.
    origin
        World coordinates of the centre of the first pixel; 0 by default.
    time
        Whether the first axis is time. Each time point is measured separately, and an
        object that exists at several has several rows.

    Returns
    -------
    dict
        Columns with one row per object, by time point and id:

        ``label``
            Id, int64.
        ``t``
            Index of the time point, from 0; only with `time`.
        ``area`` or ``volume``
            Size, with two or with three axes; pixels without data count as well.
        ``centroid_y``, ...
            Mean of the pixel centres.
        ``bbox_min_y``, ``bbox_max_y``, ...
            Outer edges of the first and last pixels.
        ``mean_intensity``, ...
            Mean of the image; NaN for an object without a finite value.
        ``equivalent_diameter``
            Diameter of the circle or ball of the same size.
        ``axis_major``, ``axis_minor``
            Longest and shortest axis of the ellipse or ellipsoid with the same second
            moments, the extent of the pixels included.
        ``elongation``
            ``axis_major / axis_minor``; 1 for a circle or ball.
        ``extent``
            Fraction of the bounding box that is filled, from 0 to 1.

    Raises
    ------
    InputError
        If shapes, channels or spacing do not fit, or there are other than two or three
        axes of space.
    """
    if objects.ndim - time not in (2, 3):
        besides = " besides time" if time else ""
        raise InputError(
            f"Objects are measured in 2 or 3 axes{besides}, "
            f"but there are {objects.ndim - time}."
        )
    if time:
        return _measure_each(objects, image, channels, spacing, origin)
    spacings = _per_axis(objects.ndim, spacing, 1.0, "spacing")
    if (spacings <= 0).any():
        raise InputError(f"The spacing has to be positive, not {spacings.tolist()}.")
    origins = _per_axis(objects.ndim, origin, 0.0, "origin")
    names = _channel_names(objects, image, channels)

    properties = ["label", "num_pixels", "centroid", "bbox", "moments_central"]
    whole = image is None or image.dtype.kind != "f" or bool(np.isfinite(image).all())
    found = regionprops_table(
        objects,
        intensity_image=image if whole else None,
        properties=[*properties, "intensity_mean"] if names and whole else properties,
    )
    if image is not None and not whole:
        found |= finite_means(objects, image, found["label"])
    axes = "zyx"[-objects.ndim :]
    pixels = np.asarray(found["num_pixels"], np.float64)
    size = pixels * spacings.prod()
    table: Table = {
        "label": np.asarray(found["label"], np.int64),
        "area" if objects.ndim == 2 else "volume": size,
    }
    for axis, name in enumerate(axes):
        table[f"centroid_{name}"] = (
            found[f"centroid-{axis}"] * spacings[axis] + origins[axis]
        )
    box = np.ones_like(size)
    for axis, name in enumerate(axes):
        low = (found[f"bbox-{axis}"] - 0.5) * spacings[axis] + origins[axis]
        high = (found[f"bbox-{axis + objects.ndim}"] - 0.5) * spacings[axis] + origins[
            axis
        ]
        table[f"bbox_min_{name}"], table[f"bbox_max_{name}"] = low, high
        box *= high - low
    for index, name in enumerate(names):
        plain = "intensity_mean"
        table[name] = found[plain if plain in found else f"{plain}-{index}"]
    lengths = axis_lengths(found, pixels, spacings)
    table["equivalent_diameter"] = equivalent_diameter(size, objects.ndim)
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
    """Measure each time point; the first axis of `objects` and `image` is time."""
    spacings = _per_axis(objects.ndim, spacing, 1.0, "spacing")
    origins = _per_axis(objects.ndim, origin, 0.0, "origin")
    _channel_names(objects, image, channels)
    parts = []
    for t in range(len(objects)):
        part = measure(
            objects[t],
            image=None if image is None else image[t],
            channels=channels,
            spacing=spacings[1:].tolist(),
            origin=origins[1:].tolist(),
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
    time: bool = False,
) -> Table:
    """Sum up each class of a segmentation.

    Parameters
    ----------
    labels
        ``(*spatial)`` class ids.
    class_ids
        The classes, one row each.
    objects
        ``(*spatial)`` object ids by class id, as from `objects`; connected regions are
        counted for other classes.
    spacing
        World units per pixel of each axis; 1 by default.
    time
        Whether one of the axes is time, over which areas or volumes are summed up.

    Returns
    -------
    dict
        Columns ``class`` (id), ``area`` or, with three axes besides time, ``volume``,
        ``fraction`` (of all pixels, from 0 to 1) and ``count`` (objects).

    Raises
    ------
    InputError
        If the spacing does not fit.
    """
    spacings = _per_axis(labels.ndim, spacing, 1.0, "spacing")
    pixels, counts = [], []
    regions = find_regions(np.ascontiguousarray(labels)) if labels.size else None
    for class_id in class_ids:
        pixels.append(np.count_nonzero(labels == class_id))
        if objects is not None and class_id in objects:
            ids = objects[class_id]
            counts.append(np.unique(ids[ids != 0]).size)
        elif regions is None:
            counts.append(0)
        else:
            counts.append(regions.join(regions.labels == class_id, diagonal=True)[1])
    return {
        "class": np.array(class_ids, np.int64),
        "area" if labels.ndim - time < 3 else "volume": (
            np.array(pixels) * spacings.prod()
        ),
        "fraction": np.array(pixels) / max(labels.size, 1),
        "count": np.array(counts, np.int64),
    }


def _per_axis(
    n_axes: int, values: Sequence[float] | None, default: float, name: str
) -> Float:
    """Return finite numbers, ``(n_axes,)`` float64, all `default` if `values` is None.

    Raises
    ------
    InputError
        If there is not one finite number per axis; `name` is what the message calls
        them.
    """
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
    """Return the names of the columns of mean intensities; none without an image.

    Raises
    ------
    InputError
        If the image does not fit the objects, or the names do not fit its channels.
    """
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

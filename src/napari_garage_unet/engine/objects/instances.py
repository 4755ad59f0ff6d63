"""Objects of all classes of a segmentation, in one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule, SplitBy

from .finite_means import mark_missing
from .label_objects import objects
from .measure import class_totals, measure
from .planes_with_objects import with_planes_of
from .tables import Table


def class_objects(
    labels: NDArray[np.unsignedinteger[Any]],
    classes: Sequence[ClassInfo],
    image: Image,
    *,
    rules: Mapping[int, ClassRule] | None = None,
    probabilities: NDArray[Any] | None = None,
    split: bool = False,
    split_by: SplitBy | None = None,
) -> dict[int, NDArray[np.int32]]:
    """Find the objects of every class but the background.

    Time points are separate; along ``z`` objects connect. Pixels of a class that are in
    no object, because it would be larger than the rule allows, keep their label.

    Parameters
    ----------
    labels
        ``(*spatial)`` class ids, the segmentation of `image`.
    classes
        The classes, in the order of the probabilities.
    image
        Image that gives the axes and their spacing; its pixels are not read.
    rules
        Rules by class id; they select the classes that are split, the relief, the
        split distance and the sizes that objects may have. Other classes have the
        default rule.
    probabilities
        ``(n_classes, *spatial)`` float from 0 to 1 or uint8; needed if a class is split
        by probability, see `needs_probabilities`.
    split
        Whether to split touching objects of every class, whatever the rules.
    split_by
        Relief in which every class is split; that of its rule by default.

    Returns
    -------
    dict
        By class id, ``(*spatial)`` int32 object ids, 0 where there is no object. Ids
        start at 1 and continue from one class to the next.

    Raises
    ------
    InputError
        If probabilities are needed and not given.
    """
    found: dict[int, NDArray[np.int32]] = {}
    axes = image.spatial_axes
    connected = sum(axis in "zyx" for axis in axes)
    # With time first, the last axes are those that connect.
    time = axes.find("t")
    spacing = list(image.spacing)
    if time > 0:
        labels = np.moveaxis(labels, time, 0)
        spacing.insert(0, spacing.pop(time))
    last = 0
    for number, info in enumerate(classes):
        if info.background:
            continue
        rule = _rule(rules, info.id, split=split, split_by=split_by)
        levels = None
        if rule.split and rule.split_by == "probability":
            if probabilities is None:
                raise InputError(
                    f"{info.name} is to be split by probability, but there are no "
                    "probabilities; split by distance instead."
                )
            levels = probabilities[number]
            levels = np.moveaxis(levels, time, 0) if time > 0 else levels
        ids = objects(
            labels,
            info.id,
            split=rule.split,
            probabilities=levels,
            min_distance=rule.split_distance,
            spacing=spacing,
            connected_axes=connected,
            min_size=rule.min_size,
            max_size=rule.max_size,
        )
        ids[ids > 0] += last
        last = max(last, int(ids.max(initial=0)))
        found[info.id] = np.moveaxis(ids, 0, time) if time > 0 else ids
    return found


def needs_probabilities(
    classes: Sequence[ClassInfo],
    rules: Mapping[int, ClassRule] | None,
    *,
    split: bool = False,
    split_by: SplitBy | None = None,
) -> bool:
    """Return whether `class_objects` needs probabilities for these rules."""
    applied = [
        _rule(rules, info.id, split=split, split_by=split_by)
        for info in classes
        if not info.background
    ]
    return any(rule.split and rule.split_by == "probability" for rule in applied)


def splitting_rules(
    classes: Sequence[ClassInfo],
    rules: Mapping[int, ClassRule] | None,
    *,
    split: bool,
    split_by: SplitBy | None,
) -> dict[int, ClassRule]:
    """Return the rule of each class, with `split` and `split_by` put into it.

    Labels have to be assigned by these rules too, because the largest size of a class
    that is split is about objects, not about regions.
    """
    return {
        info.id: _rule(
            rules,
            info.id,
            split=split and not info.background,
            split_by=split_by,
        )
        for info in classes
    }


def _rule(
    rules: Mapping[int, ClassRule] | None,
    class_id: int,
    *,
    split: bool,
    split_by: SplitBy | None,
) -> ClassRule:
    rule = (rules or {}).get(class_id, ClassRule())
    return dataclasses.replace(
        rule, split=split or rule.split, split_by=split_by or rule.split_by
    )


def totals_table(
    labels: NDArray[np.unsignedinteger[Any]],
    found: Mapping[int, NDArray[np.int32]],
    class_ids: Sequence[int],
    image: Image,
) -> Table:
    """Sum up each class of a segmentation over all its planes, see `class_totals`.

    Parameters
    ----------
    labels
        ``(*spatial)`` class ids, the segmentation of `image`.
    found
        Result of `class_objects`.
    class_ids
        The classes, one row each.
    image
        Image that gives the spacing; time has none, nor has ``z`` with one plane.

    Returns
    -------
    dict
        Columns of equal length.
    """
    spacing = [
        1.0 if axis == "t" else step
        for step, axis in zip(image.spacing, image.spatial_axes, strict=True)
    ]
    at = image.spatial_axes.find("z")
    if at >= 0 and labels.shape[at] == 1:
        # A single plane is no volume.
        del spacing[at]
        labels = labels.squeeze(at)
        found = {i: ids.squeeze(at) for i, ids in found.items()}
    time = "t" in image.axes
    return class_totals(labels, class_ids, objects=found, spacing=spacing, time=time)


def objects_table(
    found: Mapping[int, NDArray[np.int32]],
    classes: Sequence[ClassInfo],
    image: Image,
) -> Table:
    """Measure the objects of all classes.

    Each time point is measured separately; with ``z`` an object has a volume, unless
    there is one plane only. Centroids and boxes are in world coordinates: the origin of
    the image counts.

    Parameters
    ----------
    found
        Result of `class_objects`.
    classes
        The classes, for their names.
    image
        Image whose mean intensity in each object is measured, per channel, without
        values that are no data. One that is not in memory is read where there are
        objects.

    Returns
    -------
    dict
        Columns of equal length: ``class``, the name of the class, then those of
        `measure`.
    """
    order = [axis for axis in "tzyxc" if axis in image.axes]
    image = with_planes_of(found.values(), image)
    pixels = mark_missing(image, np.asarray(image.data))
    pixels = pixels.transpose([image.axes.index(a) for a in order])
    spatial = [image.spatial_axes.index(axis) for axis in order if axis != "c"]
    spacing = [image.spacing[at] for at in spatial]
    origin = [image.origin[at] for at in spatial]
    places = dict(zip(image.spatial_axes, image.origin, strict=True))
    flat = [at for at, a in enumerate(order) if a == "z" and pixels.shape[at] == 1]
    pixels = pixels.squeeze(tuple(flat))
    for at in flat:
        del spacing[at], origin[at]
    names = {info.id: info.name for info in classes}
    parts: list[Table] = []
    for class_id, ids in found.items():
        part = measure(
            ids.transpose(spatial).squeeze(tuple(flat)),
            image=pixels,
            spacing=spacing,
            origin=origin,
            time="t" in image.axes,
        )
        for axis in (a for a in image.flipped if f"centroid_{a}" in part):
            _flip(part, axis, places[axis])
        n = len(next(iter(part.values())))
        parts.append({"class": np.full(n, names[class_id], object), **part})
    columns = parts[0] if parts else {}
    return {name: np.concatenate([p[name] for p in parts]) for name in columns}


def _flip(table: Table, axis: str, origin: float) -> None:
    """Turn the places in a table round that of the first pixel along an axis."""
    low, high = f"bbox_min_{axis}", f"bbox_max_{axis}"
    table[low], table[high] = (
        2 * origin - table[high].astype(float),
        2 * origin - table[low].astype(float),
    )
    centroid = f"centroid_{axis}"
    table[centroid] = 2 * origin - table[centroid].astype(float)

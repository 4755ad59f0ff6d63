"""Objects of all classes of a segmentation, and one table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import ClassInfo
from .image import Image
from .measure import measure
from .objects import objects
from .rules import ClassRule


def class_objects(
    labels: NDArray[np.unsignedinteger[Any]],
    classes: Sequence[ClassInfo],
    image: Image,
    *,
    rules: Mapping[int, ClassRule] | None = None,
    probabilities: NDArray[Any] | None = None,
    split: bool = False,
) -> dict[int, NDArray[np.int32]]:
    """Find the objects of every class but the background.

    Time points are apart from each other; along ``z`` objects connect.

    Parameters
    ----------
    labels
        Segmentation of `image`.
    classes
        The classes, in the order of the probabilities.
    image
        Tells what the axes are and how large a pixel is.
    rules
        Say which classes are split, and how far apart objects are at least.
    probabilities
        ``(n_classes, *spatial)``; weigh the splitting where given.
    split
        Split touching objects of every class, whatever the rules say.

    Returns
    -------
    dict
        By class id, an array of the shape of `labels` with ids from 1; the ids of one
        class go on where those of the class before end.
    """
    found: dict[int, NDArray[np.int32]] = {}
    connected = sum(axis in "zyx" for axis in image.spatial_axes)
    last = 0
    for number, info in enumerate(classes):
        if info.background:
            continue
        rule = (rules or {}).get(info.id, ClassRule())
        ids = objects(
            labels,
            info.id,
            split=split or rule.split,
            probabilities=None if probabilities is None else probabilities[number],
            min_distance=rule.split_distance,
            spacing=image.spacing,
            connected_axes=connected,
        )
        ids[ids > 0] += last
        last = max(last, int(ids.max(initial=0)))
        found[info.id] = ids
    return found


def objects_table(
    found: Mapping[int, NDArray[np.int32]],
    classes: Sequence[ClassInfo],
    image: Image,
) -> dict[str, NDArray[Any]]:
    """Measure the objects of all classes.

    Parameters
    ----------
    found
        What `class_objects` gives.
    classes
        Their names.
    image
        Its mean intensity in each object is measured, per channel.

    Returns
    -------
    dict
        Columns of equal length: ``class``, then those of `measure`.
    """
    pixels = np.asarray(image.data)
    if "c" in image.axes:
        pixels = np.moveaxis(pixels, image.axes.index("c"), -1)
    names = {info.id: info.name for info in classes}
    parts = []
    for class_id, ids in found.items():
        part = measure(ids, image=pixels, spacing=image.spacing)
        n = len(next(iter(part.values())))
        parts.append({"class": np.full(n, names[class_id], object), **part})
    columns = parts[0] if parts else {}
    return {name: np.concatenate([p[name] for p in parts]) for name in columns}

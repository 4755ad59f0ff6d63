"""Colours and names of classes, to and from Labels layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.palette import color_for

TRANSPARENT = "transparent"


def class_color(info: ClassInfo) -> str:
    """Return the colour of a class, ``"#rrggbb"``; the palette's where it has none."""
    return info.color or color_for(info.id)


def strokes_colormap(classes: Iterable[ClassInfo]) -> DirectLabelColormap:
    """Make the colormap of a strokes layer, in which every id from 1 to 255 is seen.

    The background class has its colour, too. Ids without a class get that of the
    palette, so that painting with a new id shows.
    """
    colors: dict[int | None, Any] = {i: color_for(i) for i in range(1, 256)}
    colors |= {info.id: class_color(info) for info in classes}
    return DirectLabelColormap(
        color_dict={**colors, 0: TRANSPARENT, None: TRANSPARENT}, name="classes"
    )


def result_colormap(classes: Iterable[ClassInfo]) -> DirectLabelColormap:
    """Make the colormap of a result, in which the background class is transparent."""
    colors: dict[int | None, Any] = {
        info.id: TRANSPARENT if info.background else class_color(info)
        for info in classes
    }
    return DirectLabelColormap(
        color_dict={**colors, 0: TRANSPARENT, None: TRANSPARENT}, name="classes"
    )


def class_features(classes: Iterable[ClassInfo]) -> dict[str, list[Any]]:
    """Make the features of a Labels layer, from which the status bar takes names."""
    listed = list(classes)
    return {
        "index": [0, *(info.id for info in listed)],
        "class": ["unlabelled", *(info.name for info in listed)],
    }


def layer_color(layer: Labels, class_id: int) -> str | None:
    """Return the colour of an id in a layer, ``"#rrggbb"``; None if transparent."""
    color = layer.get_color(class_id)
    if color is None or color[3] == 0:
        return None
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in color[:3])


def layer_class_names(layer: Labels) -> dict[int, str]:
    """Return the names that the features of a layer give to its ids."""
    features = layer.features
    column = next((c for c in ("class", "name") if c in features), None)
    if column is None or "index" not in features:
        return {}
    return {
        int(i): str(name)
        for i, name in zip(features["index"], features[column], strict=True)
        if int(i) > 0 and str(name) not in ("", "nan")
    }


def recolor(layer: Labels, colormap: DirectLabelColormap) -> None:
    """Set the colormap of a layer, if it has other colours."""
    previous = layer.colormap
    if isinstance(previous, DirectLabelColormap) and _equal(previous, colormap):
        return
    layer.colormap = colormap


def _equal(one: DirectLabelColormap, other: DirectLabelColormap) -> bool:
    first, second = one.color_dict, other.color_dict
    return set(first) == set(second) and all(
        np.allclose(first[key], second[key]) for key in first
    )

"""Classes in the metadata, features and colours of a strokes layer."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Labels

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.stroke_index import count_painted_pixels
from napari_garage_unet.engine.settings import from_json
from napari_garage_unet.layers.colors import (
    class_features,
    layer_class_names,
    layer_color,
    recolor,
    strokes_colormap,
)
from napari_garage_unet.layers.matching import strokes_metadata
from napari_garage_unet.layers.metadata import METADATA_KEY, plugin_metadata
from napari_garage_unet.session.images.annotated_image import AnnotatedImage


def classes_of(layer: Labels, annotated: AnnotatedImage) -> list[ClassInfo]:
    """Read the classes of a strokes layer.

    Parameters
    ----------
    layer
        The strokes layer of `annotated`.
    annotated
        Its image; painted ids count as classes.

    Returns
    -------
    list of ClassInfo
        From the metadata that this plugin writes, or else from the layer's features
        and colours.
    """
    saved = plugin_metadata(layer).get("classes")
    if saved:
        return [from_json(ClassInfo, values) for values in saved]
    names = layer_class_names(layer)
    # Of strokes that are followed it is known; all of a large stack is slow to count.
    is_counted = annotated.strokes is layer
    counts = annotated.counts if is_counted else count_painted_pixels(layer.data)
    ids = sorted(set(names) | set(counts))
    return [
        ClassInfo(
            i,
            names.get(i, ""),
            layer_color(layer, i) or "",
            background=names.get(i, "").lower() == "background",
        )
        for i in ids
    ]


def names_classes(layer: Labels) -> bool:
    """Whether a layer says what its classes are called."""
    return bool(plugin_metadata(layer).get("classes") or layer_class_names(layer))


def show_classes(layer: Labels, classes: Sequence[ClassInfo], *, image: str) -> None:
    """Give a strokes layer the names and colours of the classes.

    Layers that this plugin has not made keep their own.
    """
    if not plugin_metadata(layer):
        return
    recolor(layer, strokes_colormap(classes))
    layer.features = class_features(classes)
    layer.metadata[METADATA_KEY] = strokes_metadata(classes, image=image)

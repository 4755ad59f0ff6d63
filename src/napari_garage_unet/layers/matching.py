"""Labels layers that lie exactly on an image: strokes and results.

What each is, and of which image, is kept in an entry of its metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.settings import to_json

from .colors import class_features, strokes_colormap
from .images import spatial_dims, spatial_shape
from .world import shear_matrix, unit_factors

METADATA_KEY = "napari-garage-unet"
"""Key of that entry in ``layer.metadata``."""


def placement(layer: Layer) -> dict[str, Any]:
    """Return the arguments that place another layer where a layer lies in the world.

    Parameters
    ----------
    layer
        An Image or Labels layer.

    Returns
    -------
    dict
        Scale, translate, rotate, shear, affine, units and axis labels for a layer of
        the same spatial shape, without the part of a channel axis.
    """
    keep = spatial_dims(layer)
    if len(keep) == layer.ndim:
        return {
            "scale": layer.scale,
            "translate": layer.translate,
            "rotate": layer.rotate,
            "shear": layer.shear,
            "affine": layer.affine,
            "units": layer.units,
            "axis_labels": layer.axis_labels,
        }
    square = np.ix_(keep, keep)
    matrix = layer.affine.affine_matrix
    return {
        "scale": layer.scale[keep],
        "translate": layer.translate[keep],
        "rotate": layer.rotate[square],
        "shear": shear_matrix(layer)[square],
        "affine": matrix[np.ix_([*keep, -1], [*keep, -1])],
        "units": [layer.units[i] for i in keep],
        "axis_labels": [layer.axis_labels[i] for i in keep],
    }


def lay_on(
    layer: Layer, image_layer: Layer, units: Sequence[Any] | None = None
) -> None:
    """Put a layer where an image lies; what is the same already is not set.

    Parameters
    ----------
    layer
        A layer with the spatial axes of the image; one with other axes stays.
    image_layer
        An Image layer.
    units
        Units of the viewer's world, in which the place is expressed. napari draws
        layers in units of their own at the right place, but a click on one is taken for
        a point in those of the layer, so that paint would land elsewhere.
    """
    place = placement(image_layer)
    if layer.ndim != len(place["scale"]):
        return
    affine = np.array(getattr(place["affine"], "affine_matrix", place["affine"]), float)
    factors = unit_factors(place["units"], units)
    if units is not None and (factors != 1).any():
        affine[:-1] *= factors[:, np.newaxis]
        place["units"] = tuple(units)[-layer.ndim :]
    if not np.array_equal(layer.affine.affine_matrix, affine):
        layer.affine = affine
    for name in ("scale", "translate", "rotate", "shear"):
        if not np.array_equal(getattr(layer, name), place[name]):
            setattr(layer, name, place[name])
    for name in ("units", "axis_labels"):
        if tuple(getattr(layer, name)) != tuple(place[name]):
            setattr(layer, name, place[name])


def make_strokes_layer(
    image_layer: ImageLayer, classes: Sequence[ClassInfo], *, name: str = "strokes"
) -> Labels:
    """Make an empty layer to paint strokes on an image.

    Parameters
    ----------
    image_layer
        The image; of a pyramid, the finest level counts.
    classes
        Names and colours.
    name
        Name of the layer.

    Returns
    -------
    Labels
        uint8 zeros of the image's spatial shape. The graphics card takes 8-bit labels
        without conversion, and 255 classes are enough.
    """
    layer = Labels(
        np.zeros(spatial_shape(image_layer), np.uint8),
        name=name,
        colormap=strokes_colormap(classes),
        features=class_features(classes),
        opacity=0.8,
        metadata={METADATA_KEY: strokes_metadata(classes, image=image_layer.name)},
        **placement(image_layer),
    )
    layer.brush_size = brush_size_for(spatial_shape(image_layer))
    return layer


def strokes_metadata(classes: Sequence[ClassInfo], *, image: str) -> dict[str, Any]:
    """Return the entry of a strokes layer: its classes and the name of its image."""
    return {
        "kind": "strokes",
        "image": image,
        "classes": [to_json(info) for info in classes],
    }


def make_result_layer(
    image_layer: ImageLayer,
    data: NDArray[np.unsignedinteger[Any]],
    *,
    name: str,
    colormap: Any,
    classes: Sequence[ClassInfo],
    metadata: Mapping[str, Any],
    opacity: float = 0.55,
) -> Labels:
    """Make a layer that shows a result on an image and cannot be painted on.

    Parameters
    ----------
    image_layer
        The image the result belongs to.
    data
        Class ids or object ids of the image's spatial shape.
    name, colormap, opacity
        As of the layer. The colormap must not be that of another layer, because
        napari keeps a layer's selected label in it.
    classes
        Classes whose names the status bar shows.
    metadata
        Entry that says what the result is, with its ``kind``.
    """
    layer = Labels(
        data,
        name=name,
        colormap=colormap,
        features=class_features(classes),
        opacity=opacity,
        metadata={METADATA_KEY: dict(metadata)},
        **placement(image_layer),
    )
    layer.editable = False
    return layer


def plugin_metadata(layer: Layer) -> dict[str, Any]:
    """Return this plugin's entry in the metadata of a layer; empty if there is none."""
    entry = layer.metadata.get(METADATA_KEY, {})
    return entry if isinstance(entry, dict) else {}


def name_image(layer: Layer, image: str) -> None:
    """Rename the image in the entry of a strokes layer that this plugin has made."""
    if "image" in plugin_metadata(layer):
        plugin_metadata(layer)["image"] = image


def is_result(layer: Layer) -> bool:
    """Return whether this plugin made the layer to show a result."""
    return plugin_metadata(layer).get("kind") in {
        "preview",
        "segmentation",
        "probabilities",
        "objects",
        "uncertainty",
    }


def brush_size_for(shape: Sequence[int]) -> int:
    """Return a brush size in pixels: 1/50 of the image's shorter side, 3 to 20."""
    return int(np.clip(min(shape[-2:]) // 50, 3, 20))

"""Labels layers that lie exactly on an image: strokes and results."""

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

METADATA_KEY = "napari-garage-unet"
"""Key of this plugin's entry in a layer's metadata."""


def placement(layer: Layer) -> dict[str, Any]:
    """Everything that says where a layer lies in the world.

    The arguments for a layer of the image's spatial shape: scale, translate, rotate,
    shear, affine, units and axis labels, without those of a channel axis.
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
        "shear": _shear_matrix(layer)[square],
        "affine": matrix[np.ix_([*keep, -1], [*keep, -1])],
        "units": [layer.units[i] for i in keep],
        "axis_labels": [layer.axis_labels[i] for i in keep],
    }


def make_strokes_layer(
    image_layer: ImageLayer, classes: Sequence[ClassInfo], *, name: str = "strokes"
) -> Labels:
    """Make an empty layer to paint strokes on an image.

    Parameters
    ----------
    image_layer
        The image; for a pyramid its finest level counts.
    classes
        Names and colours.
    name
        Of the layer.

    Returns
    -------
    Labels
        uint8 of the image's spatial shape. 8-bit labels are what the graphics card
        takes without conversion, and 255 classes are enough.
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
    """What a strokes layer remembers about itself."""
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
    """Make a layer that shows a result on an image; it cannot be painted by accident.

    Parameters
    ----------
    image_layer
        The image the result belongs to.
    data
        Class ids or object ids of the image's spatial shape.
    name, colormap, opacity
        Of the layer. The colormap must not be shared with another layer, because
        napari keeps a layer's selected label in it.
    classes
        Names for the status bar.
    metadata
        Where the result came from.
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
    """Return what this plugin has noted in a layer's metadata; empty if nothing."""
    entry = layer.metadata.get(METADATA_KEY, {})
    return entry if isinstance(entry, dict) else {}


def name_image(layer: Layer, image: str) -> None:
    """Note which image a strokes layer belongs to, unless somebody else made it."""
    if "image" in plugin_metadata(layer):
        plugin_metadata(layer)["image"] = image


def is_result(layer: Layer) -> bool:
    """Whether this plugin made the layer to show a result."""
    return plugin_metadata(layer).get("kind") in {
        "preview",
        "segmentation",
        "probabilities",
        "objects",
        "uncertainty",
    }


def brush_size_for(shape: Sequence[int]) -> int:
    """A brush that is about a fiftieth of the image's shorter side."""
    return int(np.clip(min(shape[-2:]) // 50, 3, 20))


def _shear_matrix(layer: Layer) -> NDArray[np.float64]:
    shear = np.asarray(layer.shear)
    if shear.ndim == 2:
        return shear
    matrix = np.eye(layer.ndim)
    matrix[np.triu_indices(layer.ndim, k=1)] = shear
    return matrix

"""Labels layers that lie exactly on an image: strokes and results.

What each is, and of which image, is kept in an entry of its metadata. napari copies the
metadata with a layer, so the entry of a result names the layer it is about: a copy of a
result is an ordinary layer of the person's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.fitting import in_shape
from napari_garage_unet.engine.settings import to_json

from .axes import channel_dim, layer_axes, layer_shape
from .colors import class_features, strokes_colormap
from .images import spatial_dims, spatial_shape
from .metadata import METADATA_KEY, mark_result, plugin_metadata
from .world import shear_matrix, unit_factors


def spare_dim(image_layer: Layer) -> int | None:
    """Return the dimension in which layers made for an image have the length 1.

    None where its channels need no place: it has no channel axis, or that is the first.
    """
    return channel_dim(image_layer) or None


def made_shape(image_layer: Layer) -> tuple[int, ...]:
    """Return the shape of a layer that lies on an image.

    napari aligns layers by their last axes. So a layer without the channel axis of its
    image would lie at the wrong planes, unless that axis is the first: it gets an axis
    of length 1 there, whose only pixel reaches across all channels.

    Parameters
    ----------
    image_layer
        The image.

    Returns
    -------
    tuple of int
        The image's shape without a first channel axis, and 1 for one further back.
    """
    shape, at = layer_shape(image_layer), spare_dim(image_layer)
    if at is not None:
        return (*shape[:at], 1, *shape[at + 1 :])
    return spatial_shape(image_layer)


def lines_up(layer: Layer, image_layer: Layer) -> bool:
    """Whether the axes of a layer stand where those of a layer made for an image do."""
    shape, made = tuple(layer.data.shape), made_shape(image_layer)
    n = max(len(shape), len(made))
    return (1,) * (n - len(shape)) + shape == (1,) * (n - len(made)) + made


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
        `made_shape`.
    """
    at, keep = spare_dim(layer), spatial_dims(layer)
    if at is None and len(keep) < layer.ndim:
        return _placement_of(layer, keep)
    found = {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }
    if at is None:
        return found
    n_channels = layer_shape(layer)[at]
    turned = np.asarray(layer.rotate, float) @ shear_matrix(layer)
    linear = turned * np.asarray(layer.scale, float)
    scale = np.array(layer.scale, float)
    scale[at] *= n_channels
    # The centre of the one pixel lies in the middle of the channels.
    found["scale"] = scale
    found["translate"] = layer.translate + linear[:, at] * (n_channels - 1) / 2
    return found


def _placement_of(layer: Layer, keep: list[int]) -> dict[str, Any]:
    """Return the placement of a layer with some of the dimensions of another."""
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
        A layer of `made_shape`, or without first axes of it; one with more axes stays.
    image_layer
        An Image layer.
    units
        Units of the viewer's world, in which the place is expressed. napari draws
        layers in units of their own at the right place, but a click on one is taken for
        a point in those of the layer, so that paint would land elsewhere.
    """
    place = _last_axes(placement(image_layer), layer.ndim)
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


def _last_axes(place: dict[str, Any], n: int) -> dict[str, Any]:
    """Return the part of a `placement` that belongs to the last `n` axes."""
    first = len(place["scale"]) - n
    if first <= 0:
        return place
    affine = getattr(place["affine"], "affine_matrix", place["affine"])
    shear = np.asarray(place["shear"], float)
    if shear.ndim == 1:
        matrix = np.eye(len(place["scale"]))
        matrix[np.triu_indices(len(matrix), k=1)] = shear
        shear = matrix
    return {
        "scale": place["scale"][first:],
        "translate": place["translate"][first:],
        "rotate": place["rotate"][first:, first:],
        "shear": shear[first:, first:],
        "affine": np.asarray(affine)[first:, first:],
        "units": tuple(place["units"])[first:],
        "axis_labels": tuple(place["axis_labels"])[first:],
    }


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
        uint8 zeros of `made_shape`. The graphics card takes 8-bit labels without
        conversion, and 255 classes are enough.
    """
    layer = Labels(
        np.zeros(made_shape(image_layer), np.uint8),
        name=name,
        colormap=strokes_colormap(classes),
        features=class_features(classes),
        opacity=0.8,
        metadata={METADATA_KEY: strokes_metadata(classes, image=image_layer.name)},
        **placement(image_layer),
    )
    letters, shape = layer_axes(image_layer), layer_shape(image_layer)
    layer.brush_size = brush_size_for([shape[letters.index(a)] for a in "yx"])
    return layer


def strokes_laid_on(layer: Labels, image_layer: ImageLayer, *, name: str) -> Labels:
    """Copy strokes into a layer that lies on an image; axes of length 1 may differ."""
    made = Labels(
        in_shape(np.array(layer.data), made_shape(image_layer)),
        name=name,
        colormap=layer.colormap,
        features=layer.features,
        opacity=layer.opacity,
        metadata=dict(layer.metadata),
        **placement(image_layer),
    )
    made.brush_size = layer.brush_size
    return made


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
        in_shape(data, made_shape(image_layer)),
        name=name,
        colormap=colormap,
        features=class_features(classes),
        opacity=opacity,
        **placement(image_layer),
    )
    mark_result(layer, metadata)
    layer.editable = False
    return layer


def name_image(layer: Layer, image: str) -> None:
    """Rename the image in the entry of a strokes layer that this plugin has made."""
    entry = plugin_metadata(layer)
    if "image" in entry:
        # In its place, because a copy of the layer has the same entry.
        layer.metadata[METADATA_KEY] = {**entry, "image": image}


def is_result(layer: Layer) -> bool:
    """Return whether this plugin made this very layer to show a result.

    A copy of such a layer is none: it belongs to the person who made it.
    """
    return plugin_metadata(layer).get("layer") == str(layer.unique_id)


def brush_size_for(shape: Sequence[int]) -> int:
    """Return a brush size in pixels: 1/50 of the image's shorter side, 3 to 20."""
    return int(np.clip(min(shape[-2:]) // 50, 3, 20))

"""Image layers that show the probabilities of a segmentation, one per class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.utils.colormaps import Colormap

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.layers.colors import class_color
from napari_garage_unet.layers.matching import made_shape
from napari_garage_unet.layers.metadata import mark_result
from napari_garage_unet.layers.writing import free_name, insert_quietly
from napari_garage_unet.session.images.annotated_image import AnnotatedImage


def add_probability_layers(
    viewer: Any, annotated: AnnotatedImage, classes: Iterable[ClassInfo]
) -> tuple[ImageLayer, ...]:
    """Add an empty Image layer per class to the viewer, below the strokes.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    annotated
        The image that is segmented.
    classes
        The classes of the model.

    Returns
    -------
    tuple of Image
        float32 from 0 to 1, of `made_shape`, in the order of the classes.
    """
    layers = []
    for info in classes:
        color = class_color(info)
        layer = ImageLayer(
            np.zeros(made_shape(annotated.layer), np.float32),
            name=free_name(viewer, f"{annotated.name} p({info.name})"),
            contrast_limits=(0, 1),
            colormap=Colormap(["black", color], name=f"black to {color}"),
            blending="additive",
        )
        entry = {"kind": "probabilities", "image": annotated.name, "class": info.id}
        mark_result(layer, entry)
        annotated.placed.add(layer)
        insert_quietly(viewer, layer, below=annotated.strokes)
        layers.append(layer)
    return tuple(layers)

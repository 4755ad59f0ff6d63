"""The empty result of an image that is going to be segmented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import free_name, labels_dtype
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.models.models import ModelEntry
from napari_garage_unet.session.results.result import Result


def make_result(
    viewer: Any,
    annotated: AnnotatedImage,
    model: ModelEntry,
    name: str,
    rules: Mapping[int, ClassRule],
) -> Result:
    """Make a result whose layer is not in the viewer yet.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    annotated
        The image.
    model
        The model.
    name
        Name of the layer; a number is added if it is taken.
    rules
        Rules of the model, by class id.

    Raises
    ------
    OutputError
        If there is no temporary file for its probabilities.
    """
    image = annotated.image()
    layer = make_result_layer(
        annotated.layer,
        np.zeros(image.spatial_shape, labels_dtype(i.id for i in model.classes)),
        name=free_name(viewer, name),
        colormap=result_colormap(model.classes),
        classes=model.classes,
        metadata={
            "kind": "segmentation",
            "image": annotated.name,
            "model": "" if model.key == LIVE else model.key,
        },
    )
    return Result(
        annotated,
        image,
        layer,
        classes=model.classes,
        model=model.key,
        rules=rules,
    )

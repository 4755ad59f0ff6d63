"""The result and layer of a live preview."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import free_name, insert_quietly, labels_dtype
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.session.classes.class_list import ClassList
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList


def add_preview(
    viewer: Any,
    annotated: AnnotatedImage,
    *,
    learnt: tuple[ClassInfo, ...],
    classes: ClassList,
    results: ResultList,
) -> Result:
    """Add an empty preview of an image to the viewer and the results.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    annotated
        The image; the layer lies below its strokes.
    learnt
        The classes of the live model, in the order of the rows of its probabilities.
    classes
        All classes, with their present names and colours.
    results
        Has the rules of the live model, and lists the preview.
    """
    image = annotated.image()
    layer = make_result_layer(
        annotated.layer,
        np.zeros(image.spatial_shape, labels_dtype(i.id for i in learnt)),
        name=free_name(viewer, f"{annotated.name} (preview)"),
        colormap=result_colormap(classes),
        classes=tuple(classes),
        metadata={"kind": "preview", "image": annotated.name},
    )
    result = Result(
        annotated,
        image,
        layer,
        classes=learnt,
        model=LIVE,
        rules=results.rules_of(LIVE),
        is_preview=True,
    )
    insert_quietly(viewer, layer, below=annotated.strokes)
    results.add(result)
    return result

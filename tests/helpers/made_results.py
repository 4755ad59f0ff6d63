"""Results that no model has computed: balls whose probability falls off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import make_result_layer
from napari_garage_unet.layers.writing import insert_quietly
from napari_garage_unet.session import Session
from napari_garage_unet.session.results.result import Result

CLASSES = (
    ClassInfo(1, "ground", "#8a8a8a", background=True),
    ClassInfo(2, "cell", "#e69f00"),
)


def balls(shape: tuple[int, ...], centres: Any, *, radius: float = 12) -> Any:
    """Probability from 0.9 in a centre to 0 at twice the radius, float.

    It is 0.45 at the radius.
    """
    grid = np.indices(shape).astype(float)
    near = np.min(
        [
            np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)))
            for centre in centres
        ],
        axis=0,
    )
    return np.clip(0.9 - 0.45 * near / radius, 0, 1)


def levels_of(cell: NDArray[np.float64]) -> NDArray[np.uint8]:
    """``(2, *shape)`` uint8 of the classes ground and cell."""
    return np.rint(np.stack([1 - cell, cell]) * 255).astype(np.uint8)


def make_result(
    viewer: Any,
    session: Session,
    image_layer: ImageLayer,
    levels: NDArray[np.uint8],
    *,
    classes: tuple[ClassInfo, ...] = CLASSES,
    model: str = "made up",
    planes: Iterable[PlaneIndex] | None = None,
) -> Result:
    """Show probabilities as a segmentation of an image, as a job would.

    Of some planes, where they are given.
    """
    annotated = session.images.bind(image_layer)
    image = annotated.image()
    layer = make_result_layer(
        image_layer,
        np.zeros(image.spatial_shape, np.uint8),
        name=f"{image_layer.name} segmentation",
        colormap=result_colormap(classes),
        classes=classes,
        metadata={"kind": "segmentation"},
    )
    insert_quietly(viewer, layer)
    result = Result(annotated, image, layer, classes=classes, model=model, rules={})
    for index in image.plane_indices() if planes is None else planes:
        plane = levels[(slice(None), *image.spatial_key(index))]
        if image.is_transposed:
            plane = plane.transpose(0, 2, 1)
        result.put(index, plane, state=(0, 0))
    session.results.add(result)
    return result

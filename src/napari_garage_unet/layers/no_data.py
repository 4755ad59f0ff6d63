"""Which values of an Image layer are no data, as a person or its file says."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_garage_unet.engine.annotations.fitting import fits, in_shape
from napari_garage_unet.engine.files.stored_nodata import stored_nodata
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.no_data import mark_no_data

from .axes import full_resolution, layer_shape
from .images import spatial_shape
from .metadata import METADATA_KEY, plugin_metadata

_files: weakref.WeakKeyDictionary[Layer, tuple[str, float | None]] = (
    weakref.WeakKeyDictionary()
)


def nodata_of(layer: ImageLayer) -> float | None:
    """Return the value of a layer that stands for no data.

    It is what a person has said (`set_nodata`), or else what the file of the layer
    names; None where neither does.
    """
    said = plugin_metadata(layer)
    if "nodata" in said:
        value = said["nodata"]
        return None if value is None else float(value)
    path = layer.source.path
    if not path:
        return None
    known = _files.get(layer)
    if known is None or known[0] != path:
        known = _files[layer] = (str(path), stored_nodata(path, layer.dtype))
    return known[1]


def set_nodata(layer: ImageLayer, value: float | None) -> None:
    """Keep with a layer which value stands for no data; None if none does."""
    layer.metadata[METADATA_KEY] = {**plugin_metadata(layer), "nodata": value}


def can_mask(layer: Layer, image_layer: ImageLayer) -> bool:
    """Whether a layer can say where an image has data, by its shape."""
    if layer is image_layer or not isinstance(layer, (ImageLayer, Labels)):
        return False
    if getattr(layer, "rgb", False):
        return False
    shape = spatial_shape(image_layer)
    lengths = layer_shape(layer)
    return fits(lengths, shape) or lengths == shape[-2:]


def with_no_data(image: Image, layer: ImageLayer, mask: Layer | None) -> Image:
    """Return an image that knows which of its values are no data.

    Parameters
    ----------
    image
        The image.
    layer
        Its first layer.
    mask
        A layer that is 0 where there is no data; None if there is none.

    Raises
    ------
    InputError
        If the mask has another shape.
    """
    array: Any = None
    if mask is not None:
        array = np.asarray(full_resolution(mask)) != 0
        if fits(array.shape, image.spatial_shape):
            array = in_shape(array, image.spatial_shape)
    return mark_no_data(image, nodata=nodata_of(layer), mask=array)

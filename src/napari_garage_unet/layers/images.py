"""The engine's `Image` of one or several Image layers.

napari marks colour by a flag and keeps channels in separate layers; an `Image` has one
``c`` axis for both. `axes` says what the axes of a layer mean;
`napari_garage_unet.engine.images.image` says what each is used for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from napari.layers import Image as ImageLayer
from napari.layers import Layer

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.lazy import (
    as_sliceable,
    first_channels,
    join_channels,
)

from .axes import (
    axes_of,
    channel_dim,
    full_resolution,
    layer_axes,
    layer_shape,
    n_colours,
)
from .place import Place, place_of
from .source_file import left_out_of
from .world import differing_places, lies_on


def spatial_dims(layer: Layer) -> list[int]:
    """Return the dimensions of a layer that are not channels."""
    return [i for i, letter in enumerate(layer_axes(layer)) if letter != "c"]


def spatial_shape(layer: Layer) -> tuple[int, ...]:
    """Return the shape of a layer without channels, which is that of its strokes."""
    shape = layer_shape(layer)
    return tuple(shape[i] for i in spatial_dims(layer))


def n_channels(layer: ImageLayer) -> int:
    """Return the number of channels of a layer; the opacity of colours is none.

    It is 1 where the axes are not known.
    """
    if layer.rgb:
        return n_colours(layer)
    try:
        at = channel_dim(layer)
    except InputError:
        return 1
    return 1 if at is None else layer_shape(layer)[at]


def read_image(layers: Sequence[ImageLayer]) -> Image:
    """Describe one or several Image layers as one image, without reading pixels.

    Layers that are not in memory (Dask, Zarr, mapped files) are read plane by plane,
    when a plane is asked for. Several layers become the channels of one image, in the
    order given.

    Parameters
    ----------
    layers
        Layers of the same spatial shape.

    Returns
    -------
    Image
        With the axes of a single layer, or with ``c`` as the last of several.

    Raises
    ------
    InputError
        If there is no layer, one cannot be read as an image, or shapes, axes or places
        differ.
    """
    if not layers:
        raise InputError("There is no image; open one to start.")
    first = layers[0]
    images = [_read_layer(layer) for layer in layers]
    if len(images) == 1:
        return images[0]
    for layer, image in zip(layers, images, strict=True):
        if image.spatial_shape != images[0].spatial_shape:
            raise InputError(
                f"The layers {first.name!r} {images[0].spatial_shape} and "
                f"{layer.name!r} {image.spatial_shape} differ in shape; "
                "channels of one image need the same."
            )
        if image.spatial_axes != images[0].spatial_axes:
            raise InputError(
                f"The axes of {first.name!r} ({images[0].spatial_axes}) and "
                f"{layer.name!r} ({image.spatial_axes}) differ; "
                "channels of one image need the same."
            )
        check_same_place(layer, first, what="channels of one image")
    image = Image(
        join_channels(images),
        images[0].spatial_axes + "c",
        name=" + ".join(layer.name for layer in layers),
        channel_names=_channel_names(images),
        nodata=images[0].nodata if len({i.nodata for i in images}) == 1 else None,
        axes_source=images[0].axes_source,
        notes=tuple(dict.fromkeys(note for i in images for note in i.notes)),
    )
    return with_place(image, image_place(first))


def image_place(layer: Layer) -> Place:
    """Return pixel size and position of a layer, without its channels."""
    return place_of(layer, layer_axes(layer))


def with_place(image: Image, place: Place) -> Image:
    """Return an image at another place; its pixels are the same array."""
    return dataclasses.replace(
        image,
        spacing=place.spacing,
        origin=place.origin,
        units=place.units,
        flipped=place.flipped,
    )


def lies_on_image(layer: Layer, image_layer: Layer) -> bool:
    """Return whether the pixels of a layer lie on those of an image, by their index.

    Parameters
    ----------
    layer
        A layer of the shape of the image, or of its shape without channels.
    image_layer
        The image.
    """
    return lies_on(
        layer, image_layer, spatial_dims(image_layer), spatial_shape(image_layer)
    )


def check_same_place(layer: Layer, image_layer: Layer, *, what: str) -> None:
    """Check that a layer lies on an image.

    Parameters
    ----------
    layer, image_layer
        See `lies_on_image`.
    what
        What has to lie at the same place, in the plural, as the error says it.

    Raises
    ------
    InputError
        If it does not; the message names both places.
    """
    if not lies_on_image(layer, image_layer):
        raise InputError(
            f"{differing_places(layer, image_layer)}; {what} have to lie on each other."
        )


def _channel_names(images: Sequence[Image]) -> tuple[str, ...]:
    """Return the name of a layer per channel, with a number where it has several."""
    names: list[str] = []
    for image in images:
        if image.channel_names:
            names += image.channel_names
        elif image.n_channels == 1:
            names.append(image.name)
        else:
            names += [f"{image.name} {number}" for number in range(image.n_channels)]
    return tuple(names)


def _read_layer(layer: ImageLayer) -> Image:
    axes, source = axes_of(layer)
    array = as_sliceable(full_resolution(layer))
    if layer.rgb and array.shape[-1] > n_colours(layer):
        # Opacity is not part of the picture, as in files.
        array = first_channels(array, 3)
    left_out = left_out_of(layer)
    image = Image(
        array,
        axes + ("c" if layer.rgb else ""),
        name=layer.name,
        nodata=left_out.nodata,
        axes_source=source,
        notes=left_out.notes,
    )
    return with_place(image, place_of(layer, axes))

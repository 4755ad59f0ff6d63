"""What the axes of a layer mean, and who says so.

A person's word is kept in the layer's metadata, so that it travels with the layer. Then
come the axis labels, what the layer's reader or file says, and last the shape.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

from napari.layers import Layer

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.stored_axes import (
    StoredAxes,
    has_four_colours,
    stored_axes,
)
from napari_garage_unet.engine.images.arrangements import arrangements, describe_axes
from napari_garage_unet.engine.images.axes import (
    AxesSource,
    check_axes,
    decide_axes,
    letters_of_labels,
)
from napari_garage_unet.engine.images.guessing import (
    stack_axes,
    with_singletons,
    without_singletons,
)

from .metadata import METADATA_KEY, plugin_metadata

AXES_ENTRY = "axes"
"""Key of a person's word in this plugin's entry in the metadata of an image layer."""

READER_KEYS = ("axes", "dims", "axis_labels", "dimension_names")
"""Keys under which readers keep the names of axes in the metadata of their layers."""

_files: weakref.WeakKeyDictionary[Layer, tuple[str, StoredAxes | None]] = (
    weakref.WeakKeyDictionary()
)
"""What the file of each layer says, looked up once."""


_bands: weakref.WeakKeyDictionary[Layer, tuple[str, bool]] = weakref.WeakKeyDictionary()
"""Whether the file of each layer has four bands, looked up once."""


class LayerAxes(NamedTuple):
    """The axes of a layer.

    Parameters
    ----------
    letters
        One letter of ``"tzyxc"`` per axis of the layer, without the colour axis of an
        RGB image.
    source
        Who says so.
    """

    letters: str
    source: AxesSource


def full_resolution(layer: Layer) -> Any:
    """Return the array of a layer; of a pyramid, its finest level."""
    return layer.data[0] if getattr(layer, "multiscale", False) else layer.data


def layer_shape(layer: Layer) -> tuple[int, ...]:
    """Return the lengths of a layer's axes, without the colour axis of an RGB image."""
    shape = full_resolution(layer).shape
    return tuple(int(n) for n in shape[: len(shape) - _is_rgb(layer)])


def layer_axes(layer: Layer) -> str:
    """Return the letters of a layer's axes, without the colour axis of an RGB image.

    Raises
    ------
    InputError
        If nobody says what they mean and there are too many to guess.
    """
    return axes_of(layer).letters


def axes_of(layer: Layer) -> LayerAxes:
    """Decide what the axes of a layer mean.

    Parameters
    ----------
    layer
        An Image or Labels layer.

    Returns
    -------
    LayerAxes

    Raises
    ------
    InputError
        If nobody says what they mean and there are too many to guess.
    """
    shape, rgb = layer_shape(layer), _is_rgb(layer)
    said = said_axes(layer)
    labels = letters_of_labels(layer.axis_labels)
    if labels is not None and rgb and "c" in labels:
        labels = None
    stored = None
    if said is None and labels is None:
        stored = _reader_axes(layer, shape) or _file_axes(layer, shape)
    if said is None and labels is None and stored is None and rgb:
        guess = _colour_stack(layer, shape)
        return LayerAxes(_as_units_say(layer, guess, "zt"), AxesSource.SHAPE)
    try:
        letters, source = decide_axes(
            shape, said=said, labels=labels or (), stored=stored, name=layer.name
        )
    except InputError as error:
        raise _too_many(layer, shape) from error
    if source is AxesSource.SHAPE:
        letters = _as_units_say(layer, letters, "zt" if rgb else "ztc")
    return LayerAxes(letters, source)


def n_colours(layer: Layer) -> int:
    """Return the number of colours of an RGB layer: 3, or 4 if its file has 4 bands.

    The fourth is opacity otherwise, which is not part of a picture.
    """
    if full_resolution(layer).shape[-1] != 4 or not layer.source.path:
        return 3
    path = str(layer.source.path)
    known = _bands.get(layer)
    if known is None or known[0] != path:
        known = _bands[layer] = (path, has_four_colours(path))
    return 4 if known[1] else 3


def said_axes(layer: Layer) -> str | None:
    """Return the letters that a person gave a layer, if they fit its shape."""
    said = plugin_metadata(layer).get(AXES_ENTRY)
    shape = layer_shape(layer)
    return said if isinstance(said, str) and _fits(layer, said, shape) else None


def say_axes(layer: Layer, letters: str | None) -> None:
    """Keep a person's word about the axes of a layer in its metadata.

    Parameters
    ----------
    layer
        An image layer.
    letters
        One letter per axis of the layer; None takes the word back.

    Raises
    ------
    InputError
        If they do not fit the layer.
    """
    entry = dict(plugin_metadata(layer))
    if letters is None:
        entry.pop(AXES_ENTRY, None)
    else:
        check_axes(letters, layer_shape(layer), name=layer.name)
        entry[AXES_ENTRY] = letters
    layer.metadata[METADATA_KEY] = entry


def possible_axes(layer: Layer) -> tuple[str, ...]:
    """Return the letters that the axes of a layer could have, see `arrangements`."""
    letters = "zt" if _is_rgb(layer) else "ztc"
    try:
        now = axes_of(layer).letters
    except InputError:
        now = None
    return arrangements(layer_shape(layer), now, letters=letters)


def describe_layer(layer: Layer, letters: str | None = None) -> str:
    """Say in words what the axes of a layer are, or would be with other letters."""
    return describe_axes(letters or layer_axes(layer), layer_shape(layer))


def letters_of(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the letters of the axes of each layer, empty where they are not known."""
    return tuple("" if unclear_axes(layer) else layer_axes(layer) for layer in layers)


def unclear_axes(layer: Layer) -> str:
    """Return why the axes of a layer are not known, or an empty string."""
    try:
        axes_of(layer)
    except InputError as error:
        return str(error)
    return ""


def channel_dim(layer: Layer) -> int | None:
    """Return the dimension of a layer that holds channels; None where none does."""
    at = layer_axes(layer).find("c")
    return None if at < 0 else at


def _is_rgb(layer: Layer) -> bool:
    return bool(getattr(layer, "rgb", False))


def _fits(layer: Layer, letters: str, shape: Sequence[int]) -> bool:
    try:
        check_axes(letters, shape)
    except InputError:
        return False
    return not (_is_rgb(layer) and "c" in letters)


def _colour_stack(layer: Layer, shape: tuple[int, ...]) -> str:
    try:
        return stack_axes(shape)
    except InputError as error:
        raise _too_many(layer, shape) from error


def _as_units_say(layer: Layer, guess: str, letters: str) -> str:
    """Correct a guess by the units of the axes, if they are not the same for all.

    An axis of time is ``t``, and one with a unit of length of its own, as the step of a
    stack in nanometers, is no time and no channel.
    """
    units = layer.units
    may_be = [letters + "yx"] * layer.ndim
    for i, unit in enumerate(units):
        if unit.dimensionality == {"[time]": 1}:
            may_be[i] = "t"
        elif unit.dimensionality == {"[length]": 1} and unit != units[-1]:
            may_be[i] = "zyx"
    shape = layer_shape(layer)
    fitting = [
        each
        for each in arrangements(shape, guess, letters=letters)
        if all(letter in ok for letter, ok in zip(each, may_be, strict=True))
    ]
    return min(
        fitting,
        key=lambda each: sum(a != b for a, b in zip(each, guess, strict=True)),
        default=guess,
    )


def _too_many(layer: Layer, shape: tuple[int, ...]) -> InputError:
    return InputError(
        f"The layer {layer.name!r} has {len(shape)} axes {shape}, and nothing says "
        "what they mean. Give them axis labels (t, z, c, y, x), or split the "
        "layer with Split Stack in its context menu."
    )


def _reader_axes(layer: Layer, shape: tuple[int, ...]) -> str | None:
    """Return the letters in the metadata of the reader, or of an array with names."""
    named = [layer.metadata.get(key) for key in READER_KEYS]
    named.append(getattr(full_resolution(layer), "dims", None))  # as xarray has them
    for names in named:
        if not isinstance(names, (str, list, tuple)):
            continue
        plain = [n.get("name", "") if isinstance(n, dict) else n for n in names]
        letters = letters_of_labels([str(n) for n in plain])
        if letters is None and plain and str(plain[-1]).lower() in ("s", "rgb", "c"):
            letters = letters_of_labels([str(n) for n in plain[:-1]])
        if letters is None:
            continue
        for each in (letters, letters.replace("c", "")):
            if _fits(layer, each, shape):
                return each
    return None


def _file_axes(layer: Layer, shape: tuple[int, ...]) -> str | None:
    """Return the letters in the file of a layer, where it has the same shape."""
    path = layer.source.path
    if not path:
        return None
    known = _files.get(layer)
    if known is None or known[0] != path:
        known = _files[layer] = (str(path), stored_axes(path))
    if known[1] is None:
        return None
    letters, lengths = known[1]
    # Readers drop axes of length 1, make colours of channels, and a layer of each.
    pairs = [(a, n) for a, n in zip(letters, lengths, strict=True) if n != 1]
    for kept in (pairs, [(a, n) for a, n in pairs if a != "c"]):
        if tuple(n for _, n in kept) != without_singletons(shape):
            continue
        found = with_singletons(shape, "".join(a for a, _ in kept))
        if _fits(layer, found, shape):
            return found
    return None

"""The blocks of a U-Net, read from the graph of a Keras model.

A layer's *level* is how often the image has been halved before it; what lies behind
the first doubling is the right side of the U.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari_garage_unet.engine.errors import InputError

from .diagram import Diagram, DiagramBlock, Shape


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a layer stands: how often halved, and whether doubled since."""

    level: int
    is_up: bool


def read_diagram(model: Any, *, encoder: Any = None) -> Diagram:
    """Find the blocks of a U-Net.

    Parameters
    ----------
    model
        A functional Keras model from images, or from the outputs of `encoder`.
    encoder
        Keras model that computes the inputs of `model`, in their order.

    Raises
    ------
    InputError
        If the model does not halve and double the image.
    """
    places = _places(model, encoder)
    deepest = max(place.level for place in places.values())
    if not deepest or not any(place.is_up for place in places.values()):
        raise InputError(
            f"The network {model.name} does not halve and double the image, so it "
            "cannot be drawn as a U."
        )
    tail = _tail(model)
    members: dict[_Place, list[Any]] = {}
    for layer, place in places.items():
        if layer not in tail:
            members.setdefault(place, []).append(layer)
    blocks = [_block(place, members[place], places, deepest) for place in members]
    left = sorted((b for b in blocks if b.side != "up"), key=lambda b: b.level)
    right = sorted((b for b in blocks if b.side == "up"), key=lambda b: -b.level)
    first = encoder or model
    return Diagram(
        name=model.name,
        parameters=sum(m.count_params() for m in {model, first}),
        image=_shape(first.inputs[0]),
        blocks=(*left, *right),
        output=tuple(describe(layer) for layer in tail),
        n_outputs=_shape(model.outputs[0])[-1],
    )


def describe(layer: Any) -> str:
    """Say in a word or two what a layer does, for example ``"conv 3x3"``."""
    kind = type(layer).__name__
    if kind == "Activation":
        return str(getattr(layer.activation, "__name__", "activation"))
    for attribute, word in (
        ("kernel_size", "conv"),
        ("pool_size", "max-pool" if "Max" in kind else "average-pool"),
        ("size", "upsample"),
    ):
        size = getattr(layer, attribute, None)
        if isinstance(size, (tuple, list)):
            if "Depthwise" in kind:
                word = "depthwise conv"
            elif "Transpose" in kind:
                word = "transposed conv"
            return f"{word} {'x'.join(str(n) for n in size)}"
    known = {
        "BatchNormalization": "batch norm",
        "InputLayer": "input",
        "ReLU": "ReLU",
        "ZeroPadding2D": "pad",
        "Cropping2D": "crop",
    }
    return known.get(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()


def _places(model: Any, encoder: Any) -> dict[Any, _Place]:
    """Find the place of each layer, in the order in which they are computed."""
    found: dict[Any, _Place] = {} if encoder is None else _places(encoder, None)
    starts = dict.fromkeys(map(id, model.inputs), _Place(0, False))
    if encoder is not None:
        for tensor, source in zip(model.inputs, encoder.outputs, strict=True):
            starts[id(tensor)] = found[_producer(source)]
    for layer in model.layers:
        if _is_input(layer):
            found[layer] = starts[id(layer.output)]
            continue
        before = [found[_producer(t)] for t in _tensors(layer)]
        found[layer] = _step(
            layer,
            level=max(place.level for place in before),
            is_up=any(place.is_up for place in before),
        )
    return found


def _step(layer: Any, *, level: int, is_up: bool) -> _Place:
    factor = _factor(layer)
    if factor >= 1:
        return _Place(level + factor.bit_length() - 1, is_up)
    return _Place(max(level + 1 - (-factor).bit_length(), 0), True)


def _block(
    place: _Place, layers: Sequence[Any], places: dict[Any, _Place], deepest: int
) -> DiagramBlock:
    block = DiagramBlock("up" if place.is_up else "down", place.level)
    if place.level == deepest and not place.is_up:
        block.side = "bottom"
    for layer in layers:
        factor = _factor(layer)
        if _is_input(layer):
            sides = {False}
        else:
            sides = {places[_producer(t)].is_up for t in _tensors(layer)}
        if len(sides) > 1:
            block.skip = describe(layer)
        elif factor == 1 and not _is_input(layer):
            block.layers.append(describe(layer))
        elif factor != 1:
            block.way_in = describe(layer)
    block.shape = _shape(layers[-1].output)
    block.frozen = any(layer.weights for layer in layers) and not any(
        layer.trainable_weights for layer in layers
    )
    return block


def _tail(model: Any) -> list[Any]:
    """Find the last convolution and what follows it, if it is a 1x1 convolution."""
    layers = list(model.layers)
    for at in range(len(layers) - 1, -1, -1):
        kernel = getattr(layers[at], "kernel_size", None)
        if kernel is not None:
            return layers[at:] if set(kernel) == {1} else []
    return []


def _factor(layer: Any) -> int:
    """How many times smaller the layer makes the image; negative for larger."""
    if "UpSampling" in type(layer).__name__:
        return -int(max(layer.size))
    strides = getattr(layer, "strides", 1)
    step = int(max(strides)) if isinstance(strides, (tuple, list)) else int(strides)
    if step == 1:
        return 1
    return -step if "Transpose" in type(layer).__name__ else step


def _is_input(layer: Any) -> bool:
    return type(layer).__name__ == "InputLayer"


def _shape(tensor: Any) -> Shape:
    return tensor.shape[-3], tensor.shape[-2], int(tensor.shape[-1])


def _producer(tensor: Any) -> Any:
    # Keras has no public name for it, but its own and others' tools rely on it.
    return tensor._keras_history.operation


def _tensors(layer: Any) -> list[Any]:
    given = layer.input
    return list(given) if isinstance(given, (tuple, list)) else [given]

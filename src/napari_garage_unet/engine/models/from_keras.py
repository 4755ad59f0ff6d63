"""A U-Net that was trained with plain Keras, as a model of the plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.networks.config import NetworkConfig

from .model import Model


def model_from_keras(
    unet: Any,
    classes: Sequence[ClassInfo],
    *,
    preprocess: PreprocessConfig | None = None,
) -> Model:
    """Make a model that the docks and the command line open from a Keras U-Net.

    Parameters
    ----------
    unet
        Keras model with the layers of `build_unet`: widths that double from level to
        level, and a sigmoid node or a softmax (or their logits) at the end.
    classes
        The classes in the order of the outputs of `unet`; for a single sigmoid node
        two, the first one for values near 0.
    preprocess
        What was done to the pixels in training. By default the percentiles 0.5 and
        99.5 of a plane become 0 and 1, those of all channels together where there are
        3 or 4.

    Returns
    -------
    Model
        With a copy of the weights. Images of it are ``yxc``, or ``yx`` where `unet`
        takes one channel.

    Raises
    ------
    InputError
        If `unet` is no such network, or the number of classes does not fit it.

    Examples
    --------
    >>> model = model_from_keras(unet, classes)  # doctest: +SKIP
    >>> model.save("tools.garage")  # doctest: +SKIP
    """
    from napari_garage_unet.engine.networks.build import build_network

    n_channels, n_outputs = int(unet.input_shape[-1]), int(unet.output_shape[-1])
    n_classes = max(n_outputs, 2)
    if len(classes) != n_classes:
        raise InputError(
            f"The network has {n_outputs} outputs and so {n_classes} classes, but "
            f"{len(classes)} are named; name each of them, in the order of the outputs."
        )
    arrays = list(unet.get_weights())
    if n_outputs == 1:
        # softmax([0, x]) is [1 - sigmoid(x), sigmoid(x)].
        arrays[-2:] = [_with_zeros(array) for array in arrays[-2:]]
    config = _read_config(unet)
    expected = build_network(config, n_channels, n_classes).weights()
    if [a.shape for a in arrays] != [w.shape for w in expected.values()]:
        raise InputError(
            "The layers of this Keras model are not those of build_unet with widths "
            f"{config.width}, {2 * config.width}, ... and depth {config.depth}; build "
            "it with build_unet, or with the same blocks in the same order."
        )
    return Model(
        classes=tuple(classes),
        preprocess=preprocess or PreprocessConfig(joint_channels=n_channels in (3, 4)),
        network=config,
        n_channels=n_channels,
        weights=dict(zip(expected, arrays, strict=True)),
        axes="yx" if n_channels == 1 else "yxc",
        provenance={"trained_with": "Keras"},
    )


def _read_config(unet: Any) -> NetworkConfig:
    """Read width, depth and normalisation off the layers."""
    kinds = [type(layer).__name__ for layer in unet.layers]
    if "Conv2D" not in kinds or "MaxPooling2D" not in kinds:
        raise InputError(
            "This Keras model has no convolution and max-pooling layers and so is no "
            "U-Net; build it with build_unet."
        )
    return NetworkConfig(
        encoder="plain",
        width=unet.layers[kinds.index("Conv2D")].filters,
        depth=kinds.count("MaxPooling2D"),
        norm="batch" if "BatchNormalization" in kinds else "none",
    )


def _with_zeros(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put an output that is always 0 before the only one there is."""
    return np.concatenate([np.zeros_like(array), array], axis=-1)

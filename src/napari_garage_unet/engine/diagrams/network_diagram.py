"""Diagrams of the networks of models."""

from __future__ import annotations

import dataclasses
import math
from functools import singledispatch

from napari_garage_unet.engine.features.efficientnet_lite import load_encoder
from napari_garage_unet.engine.features.feature_maps import DEEPEST_STRIDE
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE, WIDTHS
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .diagram import Diagram, DiagramBlock
from .keras_graph import read_diagram


@singledispatch
def diagram_of(network: Network) -> Diagram:
    """Describe a network; one whose head is a functional Keras model is read from it.

    Raises
    ------
    InputError
        If its head does not halve and double the image.
    """
    diagram = read_diagram(network.head)
    # The head gives logits; what the model does with them belongs into the picture.
    return dataclasses.replace(diagram, output=(*diagram.output, "softmax"))


@diagram_of.register
def _(network: PretrainedNetwork) -> Diagram:
    """Describe the network with a pretrained encoder, which is no single Keras graph.

    The decoder adds the feature maps from deep to shallow, each behind a 1x1
    convolution, so its first layer is the right side of a U.
    """
    strides = sorted({spec.stride for spec in network.head.specs})
    blocks = [DiagramBlock("down", 0, shape=(None, None, network.n_channels))]
    for stride in strides:
        groups: dict[str, int] = {}
        for spec in network.head.specs:
            if spec.stride == stride:
                groups[spec.group] = groups.get(spec.group, 0) + spec.channels
        blocks.append(
            DiagramBlock(
                "bottom" if stride == strides[-1] else "down",
                stride.bit_length() - 1,
                layers=[f"{n} {group}" for group, n in groups.items()],
                shape=(None, None, sum(groups.values())),
                way_in="features",
                frozen=True,
            )
        )
    for stride in reversed(strides[:-1]):
        blocks.append(
            DiagramBlock(
                "up",
                stride.bit_length() - 1,
                layers=["add"],
                shape=(None, None, WIDTHS[0]),
                way_in="conv 1x1, enlarge" if stride == strides[-2] else "enlarge",
                skip="conv 1x1",
            )
        )
    blocks[-1].layers += ["2 x (ReLU, conv 1x1)", "softmax"]
    blocks[-1].shape = (None, None, network.n_classes)
    blocks.append(
        DiagramBlock(
            "up",
            0,
            layers=["guided filter", "blend patch network", "despeckle"],
            shape=(None, None, network.n_classes),
            way_in="enlarge",
            skip="edges and patches of the image",
        )
    )
    return Diagram(
        name=f"U-Net with pretrained encoder, mean of {ENSEMBLE_SIZE} decoders",
        parameters=sum(
            math.prod(variable.shape)
            for part in (
                network.head,
                network.patch_network,
                load_encoder(DEEPEST_STRIDE),
            )
            for variable in part.weights
        ),
        image=(None, None, network.n_channels),
        blocks=tuple(blocks),
        output=(),
        n_outputs=network.n_classes,
    )

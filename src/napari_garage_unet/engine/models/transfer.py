"""What a model has learnt of each class, when classes are added or removed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.network_state import NetworkState

from .model import Model


def transfer_weights(
    model: Model, network: Network, classes: Sequence[ClassInfo]
) -> None:
    """Give a network what a model has learnt, class by class where the classes differ.

    Parameters
    ----------
    model
        Its network is of the same kind as `network` and has some of its classes.
    network
        Is changed in place. It has one output for each of `classes`; outputs of classes
        that the model does not have keep their fresh weights.
    classes
        In the order of the outputs of `network`.

    Raises
    ------
    ModelFileError
        If the two networks are of different kinds.
    """
    rows = {info.id: k for k, info in enumerate(model.classes)}
    shared = [(k, rows[info.id]) for k, info in enumerate(classes) if info.id in rows]
    new = [k for k, _ in shared]
    old = [row for _, row in shared]
    present = network.state()
    if len(present.weights) != len(model.weights):
        network.load_state(model.state)  # Says that they do not fit.
    # What has another last axis in a network with another number of outputs is of
    # classes. With as many classes, but other ones, a third network has to tell.
    same = [info.id for info in classes] == list(rows)
    other = model.state
    if len(classes) == len(rows) and not same:
        other = build_network(model.network, model.n_channels, len(rows) + 1).state()

    def merge(
        fresh: NDArray[Any], learnt: NDArray[Any], probe: NDArray[Any]
    ) -> NDArray[Any]:
        """Take what is learnt; of what has an axis of classes, class by class."""
        if fresh.shape == probe.shape or fresh.shape[:-1] != learnt.shape[:-1]:
            return learnt
        merged = fresh.copy()
        merged[..., new] = learnt[..., old]
        return merged

    weights = {
        name: merge(present.weights[name], model.weights[key], other.weights[probe])
        for name, key, probe in zip(
            sorted(present.weights),
            sorted(model.weights),
            sorted(other.weights),
            strict=True,
        )
    }
    decoder = model.decoder
    if decoder is not None and present.decoder and other.decoder:
        decoder = dataclasses.replace(
            decoder,
            class_proportions=merge(
                present.decoder.class_proportions,
                decoder.class_proportions,
                other.decoder.class_proportions,
            ),
        )
    network.load_state(NetworkState(weights, decoder))

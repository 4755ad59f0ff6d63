"""The classes of a model and what it has learnt of each, when classes are added."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.networks.base import Network

from .model import Model


def transfer_weights(
    model: Model, network: Network, classes: Sequence[ClassInfo]
) -> None:
    """Give a network what a model has learnt, class by class where they differ.

    Parameters
    ----------
    model
        Of the same kind of network, with some of the classes.
    network
        With one output for each of `classes`; outputs of classes the model does not
        have keep their fresh weights, and so do those that models did not have before.
    """
    rows = {info.id: k for k, info in enumerate(model.classes)}
    shared = [(k, rows[info.id]) for k, info in enumerate(classes) if info.id in rows]
    new, old = (
        (list(side) for side in zip(*shared, strict=True)) if shared else ([], [])
    )
    merged, known = network.weights(), network.completed(model.weights)
    for name, key in zip(sorted(merged), sorted(known), strict=True):
        array = merged[name]
        learnt = known[key]
        if array.shape != learnt.shape and array.shape[:-1] == learnt.shape[:-1]:
            array[..., new] = learnt[..., old]
            learnt = array
        merged[name] = learnt
    network.set_weights(merged)

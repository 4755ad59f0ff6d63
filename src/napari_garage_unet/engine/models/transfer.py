"""The classes of a model and what it has learnt of each, when classes are added."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.settings import ClassInfo

from .model import Model


def merge_classes(
    known: Sequence[ClassInfo], given: Sequence[ClassInfo], painted: Sequence[int]
) -> tuple[ClassInfo, ...]:
    """Join the classes of a model, those of a person and those that are painted.

    What a person says about a class wins; the order of `known` stays, since it is
    that of the network's outputs.
    """
    found = {info.id: info for info in known}
    found.update({info.id: info for info in given})
    for class_id in painted:
        found.setdefault(class_id, ClassInfo(class_id))
    return tuple(found.values())


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

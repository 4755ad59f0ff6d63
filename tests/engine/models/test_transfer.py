"""Joining classes, and what is known of them when some are new."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo, merge_classes
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.models.transfer import transfer_weights
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)
PRETRAINED = NetworkConfig()


def make_model(config, weights=None):
    """A model of classes 1 and 2."""
    return Model(
        classes=(ClassInfo(1), ClassInfo(2)),
        preprocess=PreprocessConfig(),
        network=config,
        n_channels=1,
        weights=weights or build_network(config, 1, 2).weights(),
    )


def last_kernel(weights):
    """Of the layer that gives the logits."""
    (kernel,) = (
        array
        for name, array in weights.items()
        if name.endswith(("logits/kernel", "decoder/kernel_2"))
    )
    return kernel


def test_what_a_person_says_of_a_class_wins():
    known = [ClassInfo(2, "cell"), ClassInfo(1, "ground")]
    merged = merge_classes(known, [ClassInfo(1, "dish")], [1, 2, 7])
    assert [(info.id, info.name) for info in merged[:2]] == [(2, "cell"), (1, "dish")]
    assert [info.id for info in merged] == [2, 1, 7]


@pytest.mark.parametrize("config", [PLAIN, PRETRAINED], ids=["plain", "pretrained"])
def test_outputs_of_unknown_classes_stay_fresh(config):
    model, network = make_model(config), build_network(config, 1, 3)
    fresh, old = last_kernel(network.weights()), last_kernel(model.weights)
    transfer_weights(model, network, [ClassInfo(2), ClassInfo(8), ClassInfo(1)])
    new = last_kernel(network.weights())
    np.testing.assert_array_equal(new[..., 0], old[..., 1])
    np.testing.assert_array_equal(new[..., 1], fresh[..., 1])
    np.testing.assert_array_equal(new[..., 2], old[..., 0])


def test_the_share_of_a_new_class_is_not_known():
    one = build_network(PRETRAINED, 1, 2)
    one.head.shares.assign([0.7, 0.3])
    network = build_network(PRETRAINED, 1, 3)
    transfer_weights(
        make_model(PRETRAINED, one.weights()),
        network,
        [ClassInfo(1), ClassInfo(2), ClassInfo(5)],
    )
    np.testing.assert_allclose(network.head.shares, [0.7, 0.3, 0])


@pytest.mark.parametrize(
    "missing", [7, 10, 12], ids=["no detail", "no lens", "no guide"]
)
def test_models_of_former_versions_learn_new_classes(missing):
    weights = build_network(PRETRAINED, 1, 2).weights()
    earlier = dict(sorted(weights.items())[:-missing])
    network = build_network(PRETRAINED, 1, 3)
    classes = [ClassInfo(1), ClassInfo(2), ClassInfo(5)]
    transfer_weights(make_model(PRETRAINED, earlier), network, classes)
    found = network.weights()
    np.testing.assert_array_equal(
        last_kernel(found)[..., :2], last_kernel(weights)[..., :2]
    )
    np.testing.assert_array_equal(network.head.guide, 0)
    np.testing.assert_array_equal(network.head.shares, 0)

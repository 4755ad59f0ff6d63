"""Joining classes, and what is known of them when some are new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo, merge_classes
from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.models.transfer import transfer_weights
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)
PRETRAINED = NetworkConfig()


def make_model(config, network=None):
    """A model of classes 1 and 2."""
    state = (network or build_network(config, 1, 2)).state()
    return Model(
        classes=(ClassInfo(1), ClassInfo(2)),
        preprocess=PreprocessConfig(),
        network=config,
        n_channels=1,
        weights=state.weights,
        decoder=state.decoder,
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


def test_the_proportion_of_a_new_class_is_not_known():
    one = build_network(PRETRAINED, 1, 2)
    one.head.state = replace(one.head.state, class_proportions=[0.7, 0.3])
    network = build_network(PRETRAINED, 1, 3)

    classes = [ClassInfo(1), ClassInfo(2), ClassInfo(5)]
    transfer_weights(make_model(PRETRAINED, one), network, classes)

    np.testing.assert_allclose(network.head.state.class_proportions, [0.7, 0.3, 0])


def test_what_is_set_and_not_trained_comes_along():
    one = build_network(PRETRAINED, 1, 2)
    guide = np.random.default_rng(0).normal(size=one.head.state.guide.shape)
    one.head.state = replace(
        one.head.state, guide=guide, smoothing_radius=3, blend_weight=0.25
    )
    network = build_network(PRETRAINED, 1, 3)

    classes = [ClassInfo(1), ClassInfo(2), ClassInfo(5)]
    transfer_weights(make_model(PRETRAINED, one), network, classes)

    np.testing.assert_array_equal(network.head.state.guide, one.head.state.guide)
    assert network.smoothing_radius == 3
    assert network.patch_weight == 0.25


def test_a_model_of_another_kind_of_network_is_refused():
    with pytest.raises(ModelFileError, match="do not fit"):
        transfer_weights(
            make_model(PLAIN),
            build_network(PRETRAINED, 1, 2),
            [ClassInfo(1), ClassInfo(2)],
        )


@pytest.mark.parametrize("config", [PLAIN, PRETRAINED], ids=["plain", "pretrained"])
@pytest.mark.parametrize("ids", [(2,), (2, 1), (2, 8), (8, 2), (2, 8, 9)])
def test_what_is_learnt_of_a_class_stays_when_another_goes(config, ids):
    model, network = make_model(config), build_network(config, 1, len(ids))
    fresh, old = last_kernel(network.weights()), last_kernel(model.weights)
    transfer_weights(model, network, [ClassInfo(i) for i in ids])
    new = last_kernel(network.weights())
    for place, class_id in enumerate(ids):
        expected = old[..., class_id - 1] if class_id <= 2 else fresh[..., place]
        np.testing.assert_array_equal(new[..., place], expected)

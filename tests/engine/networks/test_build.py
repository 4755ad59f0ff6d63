"""All kinds of networks answer the same questions."""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.networks.build import KINDS, build_network
from napari_garage_unet.engine.networks.config import SUMMARIES, NetworkConfig


@pytest.fixture(params=sorted(KINDS))
def network(request):
    return build_network(NetworkConfig(encoder=request.param, width=4, depth=2), 2, 3)


def test_there_is_a_network_and_a_summary_for_every_choice_of_the_settings():
    choices = set(get_args(get_type_hints(NetworkConfig)["encoder"]))
    assert set(KINDS) == choices
    assert set(SUMMARIES) == choices


def test_a_network_with_weights_from_elsewhere_names_their_licence_and_source():
    pretrained, plain = KINDS["efficientnet_lite0"], KINDS["plain"]
    assert "Apache License 2.0" in pretrained.encoder_source
    assert [c.doi for c in pretrained.citations] == ["10.48550/arXiv.1905.11946"]
    assert (plain.encoder_source, plain.citations) == ("", ())


def test_a_state_makes_another_network_predict_the_same(network):
    other = build_network(network.config, 2, 3)
    plane = np.random.default_rng(0).random((48, 64, 2), np.float32)
    feature_maps = network.statistics_and_features(plane)[1]
    expected = network.probabilities(feature_maps)
    assert np.abs(other.probabilities(feature_maps) - expected).max() > 0.01

    other.load_state(network.state())

    np.testing.assert_array_equal(other.probabilities(feature_maps), expected)


def test_a_state_does_not_change_with_the_network(network):
    state = network.state()
    before = {name: array.copy() for name, array in state.weights.items()}
    for variable in network.variables:
        variable.assign(variable + 1)
    for name, array in state.weights.items():
        np.testing.assert_array_equal(array, before[name])


def test_the_graph_gives_the_probabilities_of_the_network(network):
    plane = np.random.default_rng(1).random((64, 48, 2), np.float32)
    plane[20:40, 10:30] /= 3
    expected = network.probabilities(network.statistics_and_features(plane)[1])

    graph = tf.function(network.probability_graph(), autograph=False)
    found = graph(tf.constant(plane[np.newaxis])).numpy()[0]

    np.testing.assert_allclose(np.moveaxis(found, -1, 0), expected, atol=1e-3)


def test_several_planes_go_through_the_graph_where_it_takes_batches(network):
    if not network.takes_batches:
        pytest.skip("takes one plane at a time")
    planes = np.random.default_rng(2).random((2, 32, 32, 2), np.float32)
    found = network.probability_graph()(tf.constant(planes)).numpy()
    assert found.shape == (2, 32, 32, 3)
    assert np.abs(found[0] - found[1]).max() > 1e-3

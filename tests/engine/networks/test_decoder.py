"""Pixels and planes: two ways to the same logits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import seeded_weights, tf
from napari_garage_unet.engine.errors import ModelFileError
from napari_garage_unet.engine.features.feature_maps import (
    GRID,
    FeatureMapSpec,
)
from napari_garage_unet.engine.features.pixel_features import gather_pixels
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder import (
    Decoder,
    make_ensemble_weights,
)
from napari_garage_unet.engine.networks.decoder_layers import STRIP_ROWS, interpolate
from napari_garage_unet.engine.networks.decoder_ops import group_scales
from napari_garage_unet.engine.networks.decoder_state import MAX_SMOOTHING_RADIUS
from napari_garage_unet.engine.networks.network_state import NetworkState

SPECS = (
    FeatureMapSpec(2, 0.0, 5, "sharp"),
    FeatureMapSpec(2, 1.0, 3, "deep"),
    FeatureMapSpec(4, 3.0, 4, "deep"),
    FeatureMapSpec(8, 7.0, 2, "deep"),
    FeatureMapSpec(2, 0.0, 3, "twice"),
    FeatureMapSpec(2, 1.25, 3, "twice"),
    FeatureMapSpec(4, 3.25, 2, "twice"),
)


def make_feature_maps(height=48, width=32, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(height // s.stride, width // s.stride, s.channels)).astype(
            np.float16
        )
        for s in SPECS
    ]


def set_state(network, **settings):
    network.head.state = replace(network.head.state, **settings)


def test_a_plane_has_the_logits_of_its_pixels():
    with seeded_weights(0):
        decoder = Decoder(SPECS, 4)
    feature_maps = make_feature_maps()
    of_plane = decoder(
        [tf.constant(feature_map) for feature_map in feature_maps]
    ).numpy()
    rows, columns = np.indices((24, 16)).reshape(2, -1)
    features = gather_pixels(feature_maps, SPECS, rows * GRID, columns * GRID)
    of_pixels = decoder.logits_at_pixels(features).numpy()
    assert of_plane.shape == (3, 24, 16, 4)
    np.testing.assert_allclose(of_plane.reshape(of_pixels.shape), of_pixels, atol=2e-2)
    assert of_pixels.std() > 0.3


def test_rows_computed_in_strips_have_the_probabilities_of_the_plane():
    with seeded_weights(0):
        decoder = Decoder(SPECS, 4)
    feature_maps = [
        tf.constant(feature_map) for feature_map in make_feature_maps(height=72)
    ]
    guide = np.random.default_rng(0).normal(size=decoder.state.guide.shape)
    decoder.state = replace(
        decoder.state,
        ensemble_weights=[0.3, 0.6, 0.1],
        inverse_temperature=1.5,
        guide=guide,
    )
    members = tf.nn.softmax(1.5 * decoder(feature_maps))
    whole = 0.3 * members[0] + 0.6 * members[1] + 0.1 * members[2]
    assert whole.shape[0] % STRIP_ROWS
    guides = decoder.as_layers.on_plane(feature_maps)[1]
    strips = decoder.as_layers.probabilities(feature_maps)
    np.testing.assert_allclose(strips[..., :4], whole, atol=1e-5)
    np.testing.assert_allclose(strips[..., 4:], guides, rtol=1e-4, atol=1e-4)


def test_members_differ():
    with seeded_weights(0):
        decoder = Decoder(SPECS, 2)
    logits = decoder(
        [tf.constant(feature_map) for feature_map in make_feature_maps()]
    ).numpy()
    assert np.abs(logits[0] - logits[1]).mean() > 0.1


def test_feature_maps_are_interpolated_where_their_cells_lie():
    spec = FeatureMapSpec(4, 3.0, 1, "deep")
    cells = np.array([[10.0], [20.0], [30.0]], np.float32)[:, np.newaxis]
    feature_map = np.repeat(cells, 3, axis=1)
    values = gather_pixels([feature_map], [spec], np.arange(12), np.zeros(12, int))[
        :, 0
    ]
    assert values[3] == 10
    assert values[7] == 20
    assert values[5] == 15
    assert values[0] == 10
    assert values[11] == 30
    on_grid = FeatureMapSpec(2, 0.0, 1, "grid")
    finer = interpolate(
        tf.constant(feature_map), tf.range(6), tf.range(6), spec, on_grid
    )
    np.testing.assert_allclose(finer[:, 0, 0], values[::2])


def test_every_group_of_features_has_the_same_total_variance():
    scales = group_scales(SPECS)
    groups = np.repeat([s.group for s in SPECS], [s.channels for s in SPECS])
    totals = [(scales[groups == g] ** 2).sum() for g in ("sharp", "deep", "twice")]
    np.testing.assert_allclose(totals, len(groups) / 3, rtol=1e-5)


def test_the_radius_of_the_smoothing_is_part_of_what_is_learnt():
    one, other = (build_network(NetworkConfig(), 1, 2) for _ in range(2))
    set_state(one, smoothing_radius=3)
    other.load_state(one.state())
    assert other.smoothing_radius == 3
    assert build_network(NetworkConfig(), 1, 2).smoothing_radius == MAX_SMOOTHING_RADIUS
    set_state(other, smoothing_radius=1000)
    assert other.smoothing_radius == MAX_SMOOTHING_RADIUS
    assert other.head_radius > one.head_radius


def test_what_guides_the_smoothing_is_part_of_what_is_learnt():
    one, other = (build_network(NetworkConfig(), 1, 2) for _ in range(2))
    guide = np.random.default_rng(0).normal(size=one.head.state.guide.shape)
    set_state(one, guide=guide)
    other.load_state(one.state())
    np.testing.assert_array_equal(other.head.state.guide, guide.astype(np.float32))


def test_a_state_of_another_network_is_refused_and_changes_nothing():
    network = build_network(NetworkConfig(), 1, 2)
    before = network.state()
    for other in (NetworkConfig(encoder="plain", width=4, depth=2), NetworkConfig()):
        with pytest.raises(ModelFileError, match="do not fit"):
            network.load_state(build_network(other, 1, 3).state())
    with pytest.raises(ModelFileError, match="do not fit"):
        network.load_state(NetworkState(before.weights))
    for name, array in network.weights().items():
        np.testing.assert_array_equal(array, before.weights[name])
    assert network.state().decoder is before.decoder


def test_one_member_sees_the_projected_features():
    decoder = build_network(NetworkConfig(), 1, 2).head
    rng = np.random.default_rng(0)
    features = rng.random((1, 9, decoder.n_features), np.float32)
    projection = rng.normal(0, 0.1, decoder.state.projection.shape).astype(np.float32)
    plain = decoder.logits_at_pixels(features)
    scaled = features * decoder.scale
    expected = decoder.logits_at_pixels(
        scaled @ projection @ projection.T / decoder.scale
    )
    decoder.state = replace(decoder.state, projection=projection)
    found = decoder.logits_at_pixels(features)
    np.testing.assert_allclose(found[:-1], plain[:-1], atol=1e-5)
    np.testing.assert_allclose(found[-1], expected[-1], atol=1e-3)
    assert np.abs(found[-1] - plain[-1]).max() > 0.1


def test_the_member_with_projected_features_has_no_part_in_pseudo_labels():
    network = build_network(NetworkConfig(), 1, 2)
    head = network.head
    feature_maps = network.statistics_and_features(
        np.random.default_rng(0).random((64, 64, 1), np.float32)
    )[1]
    given, taught = (
        network.probabilities(feature_maps),
        network.pseudo_label_probabilities(feature_maps)[0],
    )
    head.kernels[-1].assign(head.kernels[-1] * np.array([1, 1, -1])[:, None, None])
    assert np.abs(network.probabilities(feature_maps) - given).max() > 0.01
    np.testing.assert_allclose(
        network.pseudo_label_probabilities(feature_maps)[0], taught, atol=1e-6
    )


def test_ensemble_weights_sum_to_one_and_leave_the_projected_member_its_share():
    np.testing.assert_allclose(
        make_ensemble_weights(3, projected_weight=0.2), [0.4, 0.4, 0.2]
    )
    np.testing.assert_allclose(
        make_ensemble_weights(3, projected_weight=0), [0.5, 0.5, 0]
    )
    np.testing.assert_allclose(make_ensemble_weights(1, projected_weight=0), [1])


def test_guides_keep_edges_but_do_not_teach():
    network = build_network(NetworkConfig(), 1, 2)
    rng = np.random.default_rng(0)
    plane = rng.random((64, 64, 1), np.float32)
    feature_maps = network.statistics_and_features(plane)[1]
    blurred, taught = (
        network.probabilities(feature_maps),
        network.pseudo_label_probabilities(feature_maps)[0],
    )
    set_state(network, guide=rng.normal(0, 0.02, network.head.state.guide.shape))
    assert network.probabilities(feature_maps)[0].std() > blurred[0].std()
    np.testing.assert_allclose(
        network.pseudo_label_probabilities(feature_maps)[0], taught, atol=1e-6
    )


def test_less_smoothing_leaves_more_detail():
    network = build_network(NetworkConfig(), 1, 2)
    rng = np.random.default_rng(0)
    plane = rng.random((64, 64, 1), np.float32)
    feature_maps = network.features(plane, network.statistics(plane))
    patch_network = []
    for radius in (0, 4, 16):
        set_state(network, smoothing_radius=radius)
        patch_network.append(network.probabilities(feature_maps)[0].std())
    assert patch_network[0] > patch_network[1] > patch_network[2]

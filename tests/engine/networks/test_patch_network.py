"""The patch network: the same logits at patches and on planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import GRID, pack_pixels
from napari_garage_unet.engine.filters.median import median_of_nine
from napari_garage_unet.engine.networks import pretrained
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.patch_network import (
    PATCH_SIDE_CELLS,
    PATCH_SIDE_PIXELS,
    STRIP_ROWS,
    PatchNetwork,
    cut_patches,
)


def set_blend_weight(network, weight):
    network.head.state = replace(network.head.state, blend_weight=weight)


def make_pixels(height=72, width=40, n_channels=3):
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(height, width, n_channels)).astype(np.float32)
    return plane, pack_pixels(plane).astype(np.float16)


def test_a_patch_is_what_lies_around_a_cell():
    plane, pixels = make_pixels()
    patches = cut_patches(pixels, np.array([10, 0]), np.array([7, 19]))
    before = PATCH_SIDE_PIXELS // 2 - GRID // 2
    top, left = 10 * GRID - before, 7 * GRID - before
    seen = plane[top : top + PATCH_SIDE_PIXELS, left : left + PATCH_SIDE_PIXELS]
    np.testing.assert_allclose(patches[0], seen, atol=2e-3)
    # In the corner the cells at the border are repeated.
    corner = patches[1].reshape(PATCH_SIDE_CELLS, GRID, PATCH_SIDE_CELLS, GRID, 3)
    np.testing.assert_array_equal(corner[0], corner[PATCH_SIDE_CELLS // 2])
    np.testing.assert_array_equal(corner[:, :, -1], corner[:, :, PATCH_SIDE_CELLS // 2])


@pytest.mark.parametrize("every", [1, 2, 4])
def test_a_plane_has_the_probabilities_of_its_patches(every):
    _, pixels = make_pixels()
    patch_network = PatchNetwork(3, 4)
    rows, columns = np.indices((36, 20))[:, ::every, ::every]
    patches = cut_patches(pixels, rows.ravel(), columns.ravel())
    expected = tf.nn.softmax(patch_network.at_patches(patches)).numpy()
    found = patch_network.on_plane(pixels, every)
    assert found.shape == (4, *rows.shape)
    assert every > 1 or rows.shape[0] % STRIP_ROWS
    np.testing.assert_allclose(found.reshape(4, -1).T, expected, atol=1e-4)
    assert expected.std() > 0.05


def test_what_is_thin_is_sharp_in_the_result_as_far_as_the_patch_network_counts(
    monkeypatch,
):
    monkeypatch.setattr(pretrained, "despeckle", lambda *_, **__: None)
    network = build_network(NetworkConfig(), 1, 2)
    plane = np.random.default_rng(0).random((64, 64, 1), np.float32)
    feature_maps = network.statistics_and_features(plane)[1]
    before, taught = (
        network.probabilities(feature_maps),
        network.pseudo_label_probabilities(feature_maps)[0],
    )
    alone = median_of_nine(network.patch_network.on_plane(feature_maps[1], 1))
    set_blend_weight(network, 0.5)
    after = network.probabilities(feature_maps)
    mixed = (before[:, ::GRID, ::GRID] + alone) / 2
    np.testing.assert_allclose(after[:, ::GRID, ::GRID], mixed, atol=1e-3)
    assert np.abs(after - before).max() > 0.1
    # It has no part in pseudo-labels.
    np.testing.assert_array_equal(
        network.pseudo_label_probabilities(feature_maps)[0], taught
    )
    set_blend_weight(network, 1.0)
    np.testing.assert_allclose(
        network.probabilities(feature_maps)[:, ::GRID, ::GRID], alone, atol=1e-5
    )


def test_the_patch_network_is_part_of_what_is_learnt():
    one, other = (build_network(NetworkConfig(), 1, 2) for _ in range(2))
    set_blend_weight(one, 0.3)
    other.load_state(one.state())
    assert other.patch_weight == pytest.approx(0.3)
    feature_maps = one.statistics_and_features(
        np.random.default_rng(0).random((64, 64, 1), np.float32)
    )[1]
    np.testing.assert_array_equal(
        other.probabilities(feature_maps), one.probabilities(feature_maps)
    )


def test_an_isolated_cell_of_the_patch_network_is_not_in_the_result():
    """One cell that is told apart by its pixels alone, and a line of such cells."""
    network = build_network(NetworkConfig(), 1, 2)
    plane = np.full((64, 64, 1), 0.5, np.float32)
    plane[30:32, 10:12] = 1
    plane[:, 40:46] = 1
    feature_maps = network.statistics_and_features(plane)[1]
    patch_network = network.patch_network
    for kernel in patch_network.kernels:
        kernel.assign(tf.zeros_like(kernel))
    # The brightness of the cell in the middle, passed on by one unit of each layer.
    first = np.zeros(patch_network.kernels[0].shape, np.float32)
    first[
        PATCH_SIDE_PIXELS // 2 - 1 : PATCH_SIDE_PIXELS // 2 + 1,
        PATCH_SIDE_PIXELS // 2 - 1 : PATCH_SIDE_PIXELS // 2 + 1,
        :,
        0,
    ] = 1
    patch_network.kernels[0].assign(first)
    passed_on = np.zeros(patch_network.kernels[1].shape, np.float32)
    passed_on[0, 0] = 1
    patch_network.kernels[1].assign(passed_on)
    last = np.zeros(patch_network.kernels[2].shape, np.float32)
    last[0] = -1, 1
    patch_network.kernels[2].assign(last)
    patch_network.biases[2].assign([1.0, -1.0])
    set_blend_weight(network, 1.0)
    bright = patch_network.on_plane(feature_maps[1], 1)[1] > 0.5
    assert bright[15, 5]
    assert bright[:, 20:23].all()
    assert bright.sum() == 1 + 3 * 32
    found = network.probabilities(feature_maps)[1, ::GRID, ::GRID] > 0.5
    np.testing.assert_array_equal(np.flatnonzero(found.any(axis=0)), [20, 21, 22])
    assert found[:, 20:23].all()

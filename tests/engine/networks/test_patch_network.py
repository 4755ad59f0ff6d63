"""The detail network: the same logits at patches and on planes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import GRID, pack_pixels
from napari_garage_unet.engine.filters.median import median_of_nine
from napari_garage_unet.engine.networks import pretrained
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.patch_network import (
    CELLS,
    SIDE,
    STRIP,
    Detail,
    cut_patches,
)


def make_pixels(height=72, width=40, n_channels=3):
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(height, width, n_channels)).astype(np.float32)
    return plane, pack_pixels(plane).astype(np.float16)


def test_a_patch_is_what_lies_around_a_cell():
    plane, pixels = make_pixels()
    patches = cut_patches(pixels, np.array([10, 0]), np.array([7, 19]))
    before = SIDE // 2 - GRID // 2
    top, left = 10 * GRID - before, 7 * GRID - before
    seen = plane[top : top + SIDE, left : left + SIDE]
    np.testing.assert_allclose(patches[0], seen, atol=2e-3)
    # In the corner the cells at the border are repeated.
    corner = patches[1].reshape(CELLS, GRID, CELLS, GRID, 3)
    np.testing.assert_array_equal(corner[0], corner[CELLS // 2])
    np.testing.assert_array_equal(corner[:, :, -1], corner[:, :, CELLS // 2])


@pytest.mark.parametrize("every", [1, 2, 4])
def test_a_plane_has_the_probabilities_of_its_patches(every):
    _, pixels = make_pixels()
    detail = Detail(3, 4)
    rows, columns = np.indices((36, 20))[:, ::every, ::every]
    patches = cut_patches(pixels, rows.ravel(), columns.ravel())
    expected = tf.nn.softmax(detail.at_patches(patches)).numpy()
    found = detail.on_plane(pixels, every)
    assert found.shape == (4, *rows.shape)
    assert every > 1 or rows.shape[0] % STRIP
    np.testing.assert_allclose(found.reshape(4, -1).T, expected, atol=1e-4)
    assert expected.std() > 0.05


def test_what_is_thin_is_sharp_in_the_result_as_far_as_the_detail_network_counts(
    monkeypatch,
):
    monkeypatch.setattr(pretrained, "exchange_specks", lambda *_, **__: None)
    network = build_network(NetworkConfig(), 1, 2)
    plane = np.random.default_rng(0).random((64, 64, 1), np.float32)
    taps = network.whole(plane)[1]
    before, taught = network.probabilities(taps), network.answers(taps)[0]
    alone = median_of_nine(network.detail.on_plane(taps[1], 1))
    network.detail.vote.assign(0.5)
    after = network.probabilities(taps)
    mixed = (before[:, ::GRID, ::GRID] + alone) / 2
    np.testing.assert_allclose(after[:, ::GRID, ::GRID], mixed, atol=1e-3)
    assert np.abs(after - before).max() > 0.1
    # What the network teaches itself with is none of its business.
    np.testing.assert_array_equal(network.answers(taps)[0], taught)
    network.detail.vote.assign(1.0)
    np.testing.assert_allclose(
        network.probabilities(taps)[:, ::GRID, ::GRID], alone, atol=1e-5
    )


def test_the_detail_network_is_part_of_what_is_learnt():
    one, other = (build_network(NetworkConfig(), 1, 2) for _ in range(2))
    one.detail.vote.assign(0.3)
    other.set_weights(one.weights())
    assert other.detail_vote == pytest.approx(0.3)
    taps = one.whole(np.random.default_rng(0).random((64, 64, 1), np.float32))[1]
    np.testing.assert_array_equal(other.probabilities(taps), one.probabilities(taps))


def test_a_speck_the_detail_network_sees_is_not_in_the_result():
    """One cell that is told apart by its pixels alone, and a line of such cells."""
    network = build_network(NetworkConfig(), 1, 2)
    plane = np.full((64, 64, 1), 0.5, np.float32)
    plane[30:32, 10:12] = 1
    plane[:, 40:46] = 1
    taps = network.whole(plane)[1]
    detail = network.detail
    for kernel in detail.kernels:
        kernel.assign(tf.zeros_like(kernel))
    # The brightness of the cell in the middle, passed on by one unit of each layer.
    first = np.zeros(detail.kernels[0].shape, np.float32)
    first[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1, :, 0] = 1
    detail.kernels[0].assign(first)
    passed_on = np.zeros(detail.kernels[1].shape, np.float32)
    passed_on[0, 0] = 1
    detail.kernels[1].assign(passed_on)
    last = np.zeros(detail.kernels[2].shape, np.float32)
    last[0] = -1, 1
    detail.kernels[2].assign(last)
    detail.biases[2].assign([1.0, -1.0])
    detail.vote.assign(1.0)
    bright = detail.on_plane(taps[1], 1)[1] > 0.5
    assert bright[15, 5]
    assert bright[:, 20:23].all()
    assert bright.sum() == 1 + 3 * 32
    found = network.probabilities(taps)[1, ::GRID, ::GRID] > 0.5
    np.testing.assert_array_equal(np.flatnonzero(found.any(axis=0)), [20, 21, 22])
    assert found[:, 20:23].all()

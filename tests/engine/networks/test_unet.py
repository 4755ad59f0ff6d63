"""The textbook network."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import keras
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.networks.unet import (
    build_unet,
    conv_block,
    decoder_block,
    encoder_block,
    receptive_radius,
)

SMALL = (4, 8, 16, 32, 64)


def test_the_textbook_network_has_its_published_size():
    model = build_unet((160, 160, 3))
    assert model.output_shape == (None, 160, 160, 1)
    assert model.layers[-1].activation is keras.activations.sigmoid
    pooled = [
        layer.output.shape[1:]
        for layer in model.layers
        if isinstance(layer, keras.layers.MaxPooling2D)
    ]
    assert pooled == [(80, 80, 64), (40, 40, 128), (20, 20, 256), (10, 10, 512)]
    ups = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2DTranspose)
    ]
    assert [layer.filters for layer in ups] == [512, 256, 128, 64]
    # The known count for 3 channels, 64 to 1024, batch normalisation, no conv bias.
    assert 31.0e6 < model.count_params() < 31.1e6


def test_blocks_do_what_they_are_named_after():
    x = keras.Input((32, 32, 3))
    assert conv_block(x, 5).shape == (None, 32, 32, 5)
    skip, pooled = encoder_block(x, 6)
    assert (skip.shape, pooled.shape) == ((None, 32, 32, 6), (None, 16, 16, 6))
    assert decoder_block(pooled, skip, 7).shape == (None, 32, 32, 7)


@pytest.mark.parametrize("size", [48, 80, 160, 256])
def test_multiples_of_sixteen_go_straight_in(size):
    model = build_unet((size, size, 1), widths=SMALL)
    assert not any(
        isinstance(layer, keras.layers.ZeroPadding2D) for layer in model.layers
    )
    assert model.output_shape == (None, size, size, 1)


@pytest.mark.parametrize("size", [(1, 1), (17, 50), (100, 75), (31, 64)])
def test_any_other_size_is_padded_and_cropped_back(size):
    model = build_unet((*size, 2), 3, widths=SMALL)
    image = np.random.default_rng(0).random((2, *size, 2), np.float32)
    result = model(image).numpy()
    assert result.shape == (2, *size, 3)
    np.testing.assert_allclose(result.sum(axis=-1), 1, rtol=1e-5)


def test_more_classes_end_in_softmax_and_logits_can_be_asked_for():
    model = build_unet((16, 16, 1), 4, widths=SMALL)
    assert model.layers[-1].activation is keras.activations.softmax
    logits = build_unet((16, 16, 1), 4, widths=SMALL, activation=False)
    assert logits.layers[-1].name == "logits"


def test_summary_can_be_printed(capsys):
    build_unet((48, 48, 3), widths=SMALL).summary()
    assert "unet" in capsys.readouterr().out


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_output_sees_farther_than_the_receptive_radius(depth):
    widths = [4] * (depth + 1)
    model = build_unet((None, None, 1), 2, widths=widths, activation=False)
    size = 8 * 2**depth * 4
    rng = np.random.default_rng(0)
    image = rng.random((1, size, size, 1), np.float32)
    centre = size // 2 + 3
    near = image.copy()
    radius = receptive_radius(depth)
    inside = np.zeros((size, size), bool)
    inside[
        centre - radius : centre + radius + 1, centre - radius : centre + radius + 1
    ] = True
    near[0, ~inside] += 1
    same = model(image).numpy()[0, centre, centre]
    np.testing.assert_allclose(model(near).numpy()[0, centre, centre], same, atol=1e-6)


@pytest.mark.parametrize("sizes", [((0, 16, 1), 2), ((16, 16, 1), 0)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(InputError, match="cannot be built"):
        build_unet(*sizes)

"""The picture of a U-Net shows its levels, sizes and skips."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_garage_unet.engine.compute.backend import keras
from napari_garage_unet.engine.diagrams.draw import LINES, draw_network, render
from napari_garage_unet.engine.diagrams.keras_graph import read_diagram
from napari_garage_unet.engine.diagrams.network_diagram import diagram_of
from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.unet import build_unet

CONV = ["conv 3x3", "batch norm", "ReLU"]


def test_diagram_of_the_textbook_unet():
    diagram = read_diagram(build_unet((160, 160, 3)))
    assert [(b.side, b.level) for b in diagram.blocks] == [
        *(("down", level) for level in range(4)),
        ("bottom", 4),
        *(("up", level) for level in (3, 2, 1, 0)),
    ]
    assert [b.shape for b in diagram.blocks[:5]] == [
        (160, 160, 64),
        (80, 80, 128),
        (40, 40, 256),
        (20, 20, 512),
        (10, 10, 1024),
    ]
    assert all(b.layers == 2 * CONV for b in diagram.blocks)
    assert [b.way_in for b in diagram.blocks[1:5]] == ["max-pool 2x2"] * 4
    assert [b.way_in for b in diagram.blocks[5:]] == ["transposed conv 2x2"] * 4
    assert [b.skip for b in diagram.blocks] == [""] * 5 + ["concatenate"] * 4
    assert diagram.output == ("conv 1x1", "sigmoid")
    assert (diagram.n_outputs, diagram.parameters) == (1, 31_049_409)


def test_diagram_of_a_network_for_any_size():
    model = build_unet((None, None, 2), 5, widths=(4, 8, 16), norm="none")
    diagram = read_diagram(model)
    assert diagram.image == (None, None, 2)
    assert diagram.blocks[0].layers == 2 * ["conv 3x3", "ReLU"]
    assert diagram.output == ("conv 1x1", "softmax")
    assert diagram.n_outputs == 5


def test_frozen_encoder_is_drawn_as_the_left_side():
    layers = keras.layers
    image = keras.Input((None, None, 3))
    half = layers.Conv2D(8, 3, strides=2, padding="same")(image)
    quarter = layers.Conv2D(16, 3, strides=2, padding="same")(half)
    encoder = keras.Model(image, [half, quarter])
    encoder.trainable = False
    feature_maps = [keras.Input((None, None, n)) for n in (8, 16)]
    x = layers.Concatenate()([layers.UpSampling2D(2)(feature_maps[1]), feature_maps[0]])
    x = layers.Conv2D(8, 3, padding="same")(x)
    head = keras.Model(feature_maps, layers.Conv2D(2, 1)(layers.UpSampling2D(2)(x)))
    diagram = read_diagram(head, encoder=encoder)
    assert [(b.side, b.level, b.frozen) for b in diagram.blocks] == [
        ("down", 0, False),
        ("down", 1, True),
        ("bottom", 2, True),
        ("up", 1, False),
        ("up", 0, False),
    ]
    assert diagram.blocks[3].skip == "concatenate"
    assert diagram.parameters == encoder.count_params() + head.count_params()


def test_diagram_of_the_pretrained_network():
    network = build_network(NetworkConfig(), 3, 5)
    diagram = diagram_of(network)
    sides = [(b.side, b.level) for b in diagram.blocks]
    assert sides[:5] == [*(("down", level) for level in range(4)), ("bottom", 4)]
    assert sides[5:] == [("up", level) for level in (3, 2, 1, 0)]
    feature_maps = sum(spec.channels for spec in network.head.specs)
    assert sum(b.shape[-1] for b in diagram.blocks if b.frozen) == feature_maps
    assert diagram.blocks[-1].shape == (None, None, 5)
    assert render(diagram).size == render(read_diagram(build_unet())).size


def test_png_shows_both_sides_of_the_u(tmp_path):
    path = tmp_path / "model.png"
    draw_network(build_unet((48, 48, 1), widths=(4, 8, 16)), path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    middle = pixels.shape[1] // 2

    def share_on_the_left(side):
        color = [int(LINES[side][i : i + 2], 16) for i in (1, 3, 5)]
        columns = np.nonzero((pixels == color).all(axis=-1))[1]
        assert len(columns) > 500
        return np.mean(columns < middle)

    assert share_on_the_left("down") == 1
    assert share_on_the_left("up") == 0
    assert 0.4 < share_on_the_left("bottom") < 1


def test_deeper_networks_give_taller_pictures():
    heights = [
        render(read_diagram(build_unet((64, 64, 1), widths=widths))).height
        for widths in ((2, 4), (2, 4, 8), (2, 4, 8, 16))
    ]
    assert heights[1] - heights[0] == heights[2] - heights[1] > 0


def test_network_without_levels_is_refused(tmp_path):
    inputs = keras.Input((8, 8, 1))
    flat = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs), name="flat")
    with pytest.raises(InputError, match="flat does not halve"):
        draw_network(flat, tmp_path / "flat.png")


def test_pictures_that_cannot_be_written_say_why(tmp_path):
    model = build_unet((16, 16, 1), widths=(2, 4))
    with pytest.raises(InputError, match=r"\.png"):
        draw_network(model, tmp_path / "model.xyz")
    with pytest.raises(OutputError, match="nowhere"):
        draw_network(model, tmp_path / "nowhere" / "model.png")


def test_a_plain_network_is_drawn_from_its_keras_model():
    network = build_network(NetworkConfig(encoder="plain", width=4, depth=2), 1, 3)
    diagram = diagram_of(network)
    assert len(diagram.blocks) == 5
    assert diagram.output == ("conv 1x1", "softmax")
    assert diagram.parameters == network.head.count_params()

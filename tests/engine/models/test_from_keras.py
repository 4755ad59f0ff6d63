"""A U-Net of plain Keras as a model of the plugin."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet import load_model, model_from_keras
from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.compute.backend import keras, seeded_weights
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.images.preprocess import preprocess
from napari_garage_unet.engine.networks.unet import build_unet

WIDTHS = (4, 8, 16)
CLASSES = tuple(ClassInfo(i, name) for i, name in enumerate(("wall", "car", "dog"), 1))


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)


def said_by_keras(unet, photo):
    pixels = preprocess(photo, PreprocessConfig(joint_channels=True))
    return unet.predict(pixels[np.newaxis], verbose=0)[0]


def test_a_saved_softmax_network_says_what_keras_says(photo, tmp_path):
    with seeded_weights(1):
        unet = build_unet((32, 48, 3), 3, widths=WIDTHS)
    model_from_keras(unet, CLASSES).save(tmp_path / "a.garage")
    opened = load_model(tmp_path / "a.garage")
    expected = said_by_keras(unet, photo)
    np.testing.assert_allclose(
        opened.predict_proba(photo), expected.transpose(2, 0, 1), atol=1e-5
    )
    # Labels compare probabilities on a grid of 256 levels.
    largest = np.sort(expected, axis=-1)
    sure = largest[..., -1] - largest[..., -2] > 0.01
    labels = expected.argmax(-1) + 1
    np.testing.assert_array_equal(opened.segment(photo)[sure], labels[sure])
    assert [info.name for info in opened.classes] == ["wall", "car", "dog"]


def test_one_sigmoid_node_becomes_two_classes(photo):
    with seeded_weights(2):
        unet = build_unet((None, None, 3), 1, widths=WIDTHS)
    model = model_from_keras(unet, CLASSES[:2])
    expected = said_by_keras(unet, photo)[..., 0]
    np.testing.assert_allclose(
        model.predict_proba(photo), [1 - expected, expected], atol=1e-5
    )


def test_the_model_keeps_its_weights_when_training_goes_on(photo):
    unet = build_unet((32, 48, 3), 3, widths=WIDTHS)
    model = model_from_keras(unet, CLASSES)
    before = model.predict_proba(photo)
    unet.set_weights([w + 1 for w in unet.get_weights()])
    again = model_from_keras(unet, CLASSES)
    assert np.abs(again.predict_proba(photo) - before).max() > 0.01
    np.testing.assert_array_equal(model.predict_proba(photo), before)


def test_a_grey_network_takes_images_without_channels():
    unet = build_unet((None, None, 1), 3, widths=WIDTHS)
    labels = model_from_keras(unet, CLASSES).segment(np.eye(32, dtype=np.float32))
    assert labels.shape == (32, 32)


def test_the_number_of_classes_has_to_fit():
    unet = build_unet((32, 32, 3), 3, widths=WIDTHS)
    with pytest.raises(InputError, match="3 classes, but 2 are named"):
        model_from_keras(unet, CLASSES[:2])


def test_widths_that_do_not_double_are_refused():
    unet = build_unet((32, 32, 3), 3, widths=(4, 6, 16))
    with pytest.raises(InputError, match="not those of build_unet"):
        model_from_keras(unet, CLASSES)


def test_another_network_is_refused():
    inputs = keras.Input((32, 32, 3))
    other = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    with pytest.raises(InputError, match="no U-Net"):
        model_from_keras(other, CLASSES)

"""What has no data is not learnt, and belongs to no class."""

from __future__ import annotations

import numpy as np
import pytest
from painted_blobs import blobs, scribble

from napari_garage_unet import train
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.networks.config import NetworkConfig

PLAIN = NetworkConfig(encoder="plain", width=4, depth=2)
CONFIG = TrainingConfig(max_steps=30, crop=64)
HOLE = np.zeros((128, 128), bool)
HOLE[:, 100:] = True


def learn(image, strokes, network=None, **kwargs):
    return train(
        image, strokes, seconds=600, training=CONFIG, network=network, **kwargs
    )


@pytest.fixture(scope="module")
def painted():
    image, mask = blobs()
    return image, np.where(HOLE, 0, scribble(mask)).astype(np.uint8)


@pytest.fixture(scope="module")
def of_nan(painted):
    image, strokes = painted
    holed = np.where(HOLE, np.nan, image)
    model = learn(holed, strokes)
    return model, model.segment(holed)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("value", [-9999.0, -3.4028234663852886e38, 0.0])
def test_a_value_for_no_data_is_learnt_like_nan(painted, of_nan, value):
    image, strokes = painted
    filled = Image(
        np.where(HOLE, np.float32(value), image).astype(np.float32), "yx", nodata=value
    )
    model, expected = of_nan
    assert set(np.unique(expected[~HOLE])) == {1, 2}
    np.testing.assert_array_equal(learn(filled, strokes).segment(filled), expected)
    np.testing.assert_array_equal(model.segment(filled), expected)
    assert not expected[HOLE].any()


def test_a_mask_says_the_same(painted, of_nan):
    image, strokes = painted
    model = learn(image, strokes, mask=~HOLE)
    masked = Image(image, "yx", data_mask=~HOLE)
    np.testing.assert_array_equal(model.segment(masked), of_nan[1])
    with pytest.raises(InputError, match="There are 1 images but 2 masks"):
        learn(image, strokes, mask=[~HOLE, ~HOLE])


@pytest.mark.parametrize("network", [PLAIN, NetworkConfig()])
def test_strokes_where_there_is_no_data_are_not_learnt(painted, network):
    image, strokes = painted
    holed = np.where(HOLE, np.nan, image)
    more = strokes.copy()
    more[10:20, 105:125] = 2
    more[50:60, 102:125] = 1
    results = [
        learn(holed, painted_on, network).predict_proba(holed)
        for painted_on in (strokes, more)
    ]
    assert not results[1][:, HOLE].any()
    labels = [result.argmax(axis=0)[~HOLE] for result in results]
    assert (labels[0] == labels[1]).mean() > 0.95


def test_strokes_on_nothing_but_no_data_are_refused(painted):
    image, strokes = painted
    holed = np.where(HOLE, np.nan, image)
    outside = np.where(strokes == 1, 1, 0).astype(np.uint8)
    outside[10:20, 105:125] = 2
    with pytest.raises(InputError, match="All strokes but those of one class"):
        learn(holed, outside, PLAIN)


def test_held_out_strokes_are_checked_where_there_is_data(painted):
    image, mask = blobs()
    strokes = scribble(mask, n=20)
    holed = Image(np.where(HOLE, np.nan, image), "yx")
    config = TrainingConfig(max_steps=20, held_out=0.4, crop=64)
    training = Training([holed], [strokes], network=PLAIN, training=config)
    (*_, last) = training.run()
    assert last.validation is not None
    assert np.isfinite(last.validation.loss)
    # Where probabilities are all 0, the loss would be that of the wrong class.
    assert last.validation.loss < 3
    assert training.model().held_out.levels.sum(axis=0).min() > 250


def test_an_image_without_any_data_is_refused_by_name(of_nan):
    model, _ = of_nan
    empty = np.full((2, 32, 32), np.nan, np.float32)
    for image in (
        Image(empty, "zyx", name="scan 7"),
        Image(empty[0], "yx", name="scan 7"),
    ):
        with pytest.raises(InputError, match="scan 7 has no data"):
            model.segment(image)


def test_a_plane_without_data_does_not_end_a_stack(painted, of_nan):
    image, _ = painted
    stack = np.stack([np.where(HOLE, np.nan, image), np.full_like(image, np.nan)])
    labels = of_nan[0].segment(Image(stack, "tyx"))
    np.testing.assert_array_equal(labels[0], of_nan[1])
    assert not labels[1].any()

"""The held-out model never learns held-out strokes; the network in use does."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.pixels.held_out_model import HeldOutModel
from napari_garage_unet.engine.learning.pixels.learner import PixelLearner
from napari_garage_unet.engine.learning.pixels.rounds import CORRECTION_STEPS
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

SHAPE = (96, 128)


@pytest.fixture
def network():
    with seeded_weights(0):
        return build_network(NetworkConfig(), 1, 2)


@pytest.fixture
def plane(network):
    """Two textures with strokes; one held-out stroke calls the second by the first."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(0.5, 0.02, SHAPE)
    pixels[:, 64:] += np.kron(rng.integers(0, 2, (48, 32)), np.ones((2, 2))) * 0.2
    cache = FeatureCache(network, PreprocessConfig())
    image = Image(pixels, "yx")
    targets = np.zeros(SHAPE, np.int32)
    targets[20:23, 10:50], targets[80:83, 80:120] = 1, 2
    held_out = np.zeros(SHAPE, bool)
    held_out[10:26, 90:122] = True
    targets[held_out] = 1

    def region(rows, columns):
        return cache.region(image, (), rows, columns)

    return TrainingPlane(targets, region, (0,), held_out)


def predicted(network, plane):
    """Mean probability of the first class at the held-out pixels."""
    feature_maps = plane.region(slice(0, 96), slice(0, 128))
    return network.probabilities(feature_maps)[0][plane.held_out].mean()


def test_the_network_learns_what_the_held_out_model_never_sees(network, plane):
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([plane])
    while not learner.settled:
        learner.step()
    assert predicted(network, plane) > 0.7
    assert predicted(learner.held_out_model, plane) < 0.3


def test_a_correction_shows_before_the_held_out_model_learns(network, plane):
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([plane])
    for _ in range(CORRECTION_STEPS):
        learner.step()
    assert learner.held_out_model is None
    learner.step()
    assert learner.held_out_model is not None


def test_there_is_no_held_out_model_where_nothing_is_held_out(network, plane):
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([plane.without_held_out()])
    for _ in range(CORRECTION_STEPS + 2):
        learner.step()
    assert learner.held_out_model is None


def test_a_model_is_not_usable_where_it_has_learnt_what_is_held_out(network, plane):
    held_out_model = HeldOutModel(network, seed=0)
    assert held_out_model.is_usable([plane])
    held_out_model.prepare([plane], np.ones(3), smoothing=4)
    assert held_out_model.is_usable([plane])
    other = np.zeros(SHAPE, bool)
    other[20:23, 10:50] = True
    moved = TrainingPlane(plane.targets, plane.region, plane.key, other)
    assert not held_out_model.is_usable([moved])
    elsewhere = TrainingPlane(plane.targets, plane.region, (1,), other)
    assert held_out_model.is_usable([elsewhere])


def test_a_model_that_has_learnt_what_is_held_out_now_is_replaced(network, plane):
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([plane])
    for _ in range(CORRECTION_STEPS + 1):
        learner.step()
    first = learner.held_out_model
    learner.prepare([plane])
    assert learner.held_out_model is first
    other = np.zeros(SHAPE, bool)
    other[20:23, 10:30] = True
    learner.prepare([TrainingPlane(plane.targets, plane.region, plane.key, other)])
    assert learner.held_out_model is None


def test_training_keeps_the_last_state_and_reports_the_held_out_model():
    rng = np.random.default_rng(0)
    pixels = rng.normal(0.3, 0.05, (64, 64)).astype(np.float32)
    pixels[:, 32:] += 0.4
    strokes = np.zeros((64, 64), np.uint8)
    for row in range(2, 62, 6):
        strokes[row, 4:26], strokes[row, 38:60] = 1, 2
    training = Training(
        [Image(pixels, "yx")],
        [strokes],
        training=TrainingConfig(
            seconds=600, max_steps=CORRECTION_STEPS + 60, held_out=0.3
        ),
    )
    *_, last = training.run()
    assert last.validation is not None
    assert last.validation.best
    assert last.validation.accuracy > 0.9
    assert training.validated
    predictions = training.model().held_out
    assert set(predictions.class_ids) == {1, 2}
    wanted = predictions.class_ids - 1
    right = predictions.levels.argmax(axis=0) == wanted
    accuracies = [right[wanted == k].mean() for k in (0, 1)]
    assert np.mean(accuracies) == pytest.approx(last.validation.accuracy, abs=0.01)
    kept, now = training.model().weights, training.network.weights()
    for name, values in kept.items():
        np.testing.assert_array_equal(values, now[name])

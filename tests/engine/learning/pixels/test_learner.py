"""Learning from strokes, from pseudo-labels, and by distillation."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.features.pixel_features import gather_pixels
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.learning.pixels import learner as learner_module
from napari_garage_unet.engine.learning.pixels import self_training
from napari_garage_unet.engine.learning.pixels.distillation import DISTILLATION_STEPS
from napari_garage_unet.engine.learning.pixels.learner import PixelLearner
from napari_garage_unet.engine.learning.pixels.pca import GUIDE_STD
from napari_garage_unet.engine.learning.pixels.rounds import (
    CORRECTION_SHARE,
    size_of_round,
)
from napari_garage_unet.engine.learning.pixels.self_training import SelfTraining
from napari_garage_unet.engine.learning.pixels.steps import PixelSteps
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE

SHAPE = (96, 128)
TRUTH = np.arange(128) >= 64
"""The texture of each column."""


@pytest.fixture
def plane():
    """Two halves of different texture, one stroke in each."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(0.5, 0.02, SHAPE)
    pixels[:, 64:] += np.kron(rng.integers(0, 2, (48, 32)), np.ones((2, 2))) * 0.2
    network = build_network(NetworkConfig(), 1, 2)
    cache = FeatureCache(network, PreprocessConfig())
    image = Image(pixels, "yx")
    targets = np.zeros(SHAPE, np.int32)
    targets[20:23, 10:50], targets[70:73, 80:120] = 1, 2

    def region(rows, columns):
        return cache.region(image, (), rows, columns)

    return network, TrainingPlane(targets, region)


@pytest.fixture
def taken(monkeypatch):
    """Features and drawn pixels of each step of the ensemble."""
    taken = []
    take = PixelSteps.take

    def watched(self, features, targets, pixels, **rate):
        if len(pixels) == ENSEMBLE_SIZE:
            taken.append((features, pixels.copy()))
        return take(self, features, targets, pixels, **rate)

    monkeypatch.setattr(PixelSteps, "take", watched)
    return taken


def make_learner(network, training_plane):
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    return learner


def settle(learner):
    """Take all steps and return their losses."""
    losses = []
    while not learner.settled:
        losses.append(learner.step())
    return losses


def until_pseudo_labels(learner):
    """Take all steps up to the first one on pseudo-labels, and count them."""
    steps = 0
    # The guide is computed at the beginning of that round.
    while not np.any(learner.network.head.state.guide):
        learner.step()
        steps += 1
    return steps


def full(training_plane):
    return training_plane.region(slice(0, SHAPE[0]), slice(0, SHAPE[1]))


def share_right(network, training_plane):
    labels = network.probabilities(full(training_plane)).argmax(axis=0)
    return (labels == TRUTH).mean()


def test_two_strokes_tell_two_textures_apart(plane):
    network, training_plane = plane
    learner = make_learner(network, training_plane)
    losses = settle(learner)
    n_steps, _ = size_of_round(np.count_nonzero(training_plane.targets))
    assert np.mean(losses[n_steps - 50 : n_steps]) < 0.5 * losses[0]
    assert share_right(network, training_plane) > 0.95
    assert network.patch_weight > 0.3


def test_a_learner_without_strokes_has_no_steps(plane):
    network, _ = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    assert learner.settled
    assert not learner.conclude()
    assert np.isnan(learner.step())


def test_uncertain_networks_are_distilled_before_they_learn_pseudo_labels(
    plane, monkeypatch
):
    network, training_plane = plane
    monkeypatch.setattr(self_training, "uncertainty_of", lambda probabilities: 1.0)
    monkeypatch.setattr(self_training, "MIN_STROKES_FOR_PATCH_NETWORK", 1)
    learner = make_learner(network, training_plane)
    n_steps, _ = size_of_round(np.count_nonzero(training_plane.targets))
    assert until_pseudo_labels(learner) > n_steps + DISTILLATION_STEPS
    weight = network.patch_weight
    assert weight > 0
    settle(learner)
    assert network.patch_weight > 0
    assert network.patch_weight != weight
    assert share_right(network, training_plane) > 0.95


def test_sure_networks_learn_pseudo_labels_at_once(plane, monkeypatch):
    network, training_plane = plane
    monkeypatch.setattr(self_training, "uncertainty_of", lambda probabilities: 0.0)
    learner = make_learner(network, training_plane)
    n_steps, _ = size_of_round(np.count_nonzero(training_plane.targets))
    # The plane is one block to label.
    assert until_pseudo_labels(learner) == n_steps + 1 + 1
    assert network.patch_weight == 0


def test_with_little_time_left_only_the_distillation_goes_on(plane):
    network, training_plane = plane
    learner = make_learner(network, training_plane)
    learner.step()
    assert not learner.conclude()
    until_pseudo_labels(learner)
    assert learner.conclude()
    assert not learner.conclude()
    assert not learner.settled
    # Patches of the strokes and of one block come before the steps.
    assert len(settle(learner)) == 2 + DISTILLATION_STEPS
    assert network.patch_weight > 0.3


def test_new_strokes_begin_a_new_round_from_what_is_learnt(plane):
    network, training_plane = plane
    learner = make_learner(network, training_plane)
    losses = settle(learner)
    learner.prepare([training_plane])
    assert not learner.settled
    assert learner.step() < 0.6 * losses[0]


def painted(shape, n_strokes):
    """A plane with so many strokes of each of two classes."""
    targets = np.zeros(shape, np.int32)
    for stroke in range(n_strokes):
        targets[4 * stroke, 4:30], targets[4 * stroke, 40:90] = 1, 2
    return targets


def test_many_strokes_smooth_less(plane):
    network, _ = plane
    pixels = np.random.default_rng(0).random((2496, 128, 1), np.float32)
    feature_maps = network.statistics_and_features(pixels)[1]

    def region(rows, columns):
        spans = [(rows.start, rows.stop), (columns.start, columns.stop)]
        return tuple(
            feature_map[tuple(slice(start // s, stop // s) for start, stop in spans)]
            for feature_map, s in zip(
                feature_maps, network.feature_strides, strict=True
            )
        )

    radii = []
    for strokes in (1, 8, 32, 64, 600):
        make_learner(network, TrainingPlane(painted((2496, 128), strokes), region))
        radii.append(network.smoothing_radius)
    assert radii[0] == radii[1] > radii[2] > radii[3] > radii[4] == 0


def test_the_smoothing_is_guided_by_what_varies_most_between_painted_pixels(plane):
    network, training_plane = plane
    targets = painted(SHAPE, 8)
    learner = make_learner(network, TrainingPlane(targets, training_plane.region))
    until_pseudo_labels(learner)
    head = network.head
    _, _, *feature_maps = full(training_plane)
    seen, rng = [], np.random.default_rng(0)
    for target in (1, 2):
        rows, columns = np.nonzero(targets == target)
        some = rng.choice(len(rows), 10_000)
        features = gather_pixels(feature_maps, head.specs, rows[some], columns[some])
        seen.append(features * head.scale)
    seen = np.concatenate(seen)
    spreads = (seen @ head.state.guide).std(axis=0)
    np.testing.assert_allclose(spreads, GUIDE_STD, rtol=0.15)
    centred = seen - seen.mean(axis=0)
    unit = head.state.guide / np.linalg.norm(head.state.guide, axis=0)
    explained = ((centred @ unit) ** 2).sum()
    best = (np.linalg.svd(centred, compute_uv=False)[:2] ** 2).sum()
    assert explained > 0.9 * best


def test_large_masks_are_thinned_out_but_rare_classes_kept(plane, taken, monkeypatch):
    network, training_plane = plane
    monkeypatch.setattr(learner_module, "MAX_PAINTED_PIXELS", 2000)
    targets = np.ones(SHAPE, np.int32)
    targets[40:50, 40:50] = 2
    make_learner(network, TrainingPlane(targets, training_plane.region)).step()
    ((features, _),) = taken
    assert 100 + 900 < len(features) < 100 + 1100


def corrected_plane(training_plane):
    """Many strokes, and the same with one more that calls a texture the other one."""
    targets = np.zeros(SHAPE, np.int32)
    for row in range(0, 90, 6):
        targets[row : row + 2, 4:60], targets[row : row + 2, 68:124] = 1, 2
    corrected = targets.copy()
    corrected[40:46, 100:112] = 1
    region = training_plane.region
    return TrainingPlane(targets, region), TrainingPlane(corrected, region)


def test_a_correction_shows_sooner_than_strokes_that_are_learnt_anew(plane):
    network, training_plane = plane
    before, after = corrected_plane(training_plane)
    correction = before.targets != after.targets

    def share_learnt(learner):
        learner.prepare([after])
        for _ in range(10):
            learner.step()
        found = network.probabilities(full(training_plane))[0][correction]
        return float(found.mean())

    learner = make_learner(network, before)
    settle(learner)
    state = network.state()
    corrects = share_learnt(learner)
    network.load_state(state)
    anew = share_learnt(PixelLearner(network, learning_rate=2e-3, seed=0))
    assert corrects > anew + 0.1


def test_only_strokes_painted_since_the_last_time_are_drawn_more_often(plane, taken):
    network, training_plane = plane
    before, after = corrected_plane(training_plane)
    learner = make_learner(network, before)
    learner.step()
    learner.prepare([after])
    learner.step()
    learner.prepare([after])
    learner.step()
    # Pixels are gathered row by row.
    newly = (before.targets != after.targets)[after.targets > 0]
    (_, first), (_, corrects), (_, again) = taken
    assert newly[corrects].mean() > CORRECTION_SHARE
    assert newly[again].mean() < CORRECTION_SHARE / 2
    assert first.max() < np.count_nonzero(before.targets)


def test_a_member_keeps_the_projection_it_has_learnt_through(plane):
    network, training_plane = plane
    learner = make_learner(network, training_plane)
    projection = network.head.state.projection
    assert projection.any()
    targets = training_plane.targets.copy()
    targets[50, 90:120] = 2
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    np.testing.assert_array_equal(network.head.state.projection, projection)


def test_the_member_with_the_projection_learns_from_strokes_alone(plane, taken):
    network, training_plane = plane
    settle(make_learner(network, training_plane))
    n_painted = np.count_nonzero(training_plane.targets)
    largest = np.max([pixels.max(axis=1) for _, pixels in taken], axis=0)
    assert largest[-1] < n_painted
    assert (largest[:-1] > n_painted).all()


def test_a_round_has_the_size_that_suits_what_is_painted(plane, taken):
    network, training_plane = plane
    # All 12 288 pixels are painted, but not so many that steps would be larger.
    targets = np.where(TRUTH, 2, 1) * np.ones(SHAPE, np.int32)
    learner = make_learner(network, TrainingPlane(targets, training_plane.region))
    until_pseudo_labels(learner)
    n_steps, n_pixels = size_of_round(targets.size)
    shapes = [pixels.shape for _, pixels in taken]
    assert shapes == [(ENSEMBLE_SIZE, n_pixels)] * (n_steps + 1)


def test_new_strokes_alone_decide_how_far_proportions_may_change(plane, monkeypatch):
    network, training_plane = plane
    given = []
    prepare = SelfTraining.prepare

    def watched(self, planes, **kwargs):
        given.append(kwargs["new_strokes"].tolist())
        prepare(self, planes, **kwargs)

    monkeypatch.setattr(SelfTraining, "prepare", watched)
    learner = make_learner(network, training_plane)
    learner.prepare([training_plane])
    targets = training_plane.targets.copy()
    targets[50, 10:30] = targets[60, 10:30] = 1
    targets[training_plane.targets > 0] = 0
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    first, nothing, corrected = given
    assert min(first) > 0
    assert nothing == [0, 0]
    assert corrected == [2, 0]

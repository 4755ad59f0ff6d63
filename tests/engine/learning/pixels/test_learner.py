"""Learning from strokes, then from what they imply."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.preprocess import PreprocessConfig
from napari_garage_unet.engine.inference.feature_cache import FeatureCache
from napari_garage_unet.engine.inference.tiles import all_blocks, stroked_blocks
from napari_garage_unet.engine.learning.pixels import distillation, self_training
from napari_garage_unet.engine.learning.pixels import learner as pixel_learner
from napari_garage_unet.engine.learning.pixels.distillation import Distillation
from napari_garage_unet.engine.learning.pixels.learner import PixelLearner
from napari_garage_unet.engine.learning.pixels.pca import GUIDE_SPREAD
from napari_garage_unet.engine.learning.pixels.self_training import SelfTraining
from napari_garage_unet.engine.learning.pixels.steps import PixelSteps
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE

DETAIL = distillation.STEPS + 2
"""Steps until the detail network is taught: asking about strokes, and a block."""


@pytest.fixture
def plane():
    """Two halves of different texture, one stroke in each."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(0.5, 0.02, (96, 128))
    pixels[:, 64:] += np.kron(rng.integers(0, 2, (48, 32)), np.ones((2, 2))) * 0.2
    network = build_network(NetworkConfig(), 1, 2)
    store = FeatureCache(network, PreprocessConfig())
    image = Image(pixels, "yx")
    targets = np.zeros((96, 128), np.int32)
    targets[20:23, 10:50], targets[70:73, 80:120] = 1, 2

    def region(rows, columns):
        return store.region(image, (), rows, columns)

    return network, TrainingPlane(targets, region)


@pytest.fixture
def drawn(monkeypatch):
    """The pixels of each step of the members, not of the judge."""
    drawn = []
    take = PixelSteps.take

    def watched(self, features, wanted, pixels, **rate):
        if len(pixels) == ENSEMBLE_SIZE:
            drawn.append(pixels.copy())
        return take(self, features, wanted, pixels, **rate)

    monkeypatch.setattr(PixelSteps, "take", watched)
    return drawn


def test_two_strokes_tell_two_textures_apart(plane):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    losses = []
    while not learner.settled:
        losses.append(learner.step())
    rounds = self_training.MOST_ROUNDS
    assert len(losses) == (1 + rounds) * pixel_learner.ROUND + rounds + DETAIL
    assert np.mean(losses[250:300]) < 0.5 * losses[0]
    feature_maps = training_plane.region(slice(0, 96), slice(0, 128))
    labels = network.probabilities(feature_maps).argmax(axis=0)
    truth = np.arange(128) >= 64
    assert (labels == truth).mean() > 0.95


def test_in_doubt_the_detail_network_is_taught_before_each_lesson(plane, monkeypatch):
    network, training_plane = plane
    monkeypatch.setattr(self_training, "uncertainty_of", lambda answers: 1.0)
    monkeypatch.setattr(self_training, "ENOUGH", 1)
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    taught, ensemble_weights = 0, []
    decide_vote = Distillation._decide_weight

    def watched(self):
        ensemble_weights.append(decide_vote(self))
        return ensemble_weights[-1]

    monkeypatch.setattr(Distillation, "_decide_weight", watched)
    while not learner.settled:
        learner.step()
        taught += 1
    rounds = self_training.MOST_ROUNDS
    # A block is asked about twice, and the detail network once more in the end.
    asked = rounds * (2 + DETAIL) + DETAIL
    assert taught == (1 + rounds) * pixel_learner.ROUND + asked
    assert len(ensemble_weights) == rounds + 1
    assert network.patch_weight == pytest.approx(ensemble_weights[-1])
    feature_maps = training_plane.region(slice(0, 96), slice(0, 128))
    truth = np.arange(128) >= 64
    assert (network.probabilities(feature_maps).argmax(axis=0) == truth).mean() > 0.95


def test_with_little_time_left_only_the_detail_network_is_still_taught(plane):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    learner.step()
    assert not learner.conclude(60)
    while not learner._teaches_itself:
        learner.step()
    assert learner.conclude(60)
    assert not learner.conclude(60)
    for _ in range(DETAIL):
        assert not learner.settled
        learner.step()
    assert learner.settled
    assert network.patch_weight > 0.3


def test_with_little_time_left_before_a_lesson_the_detail_network_is_as_taught(
    plane, monkeypatch
):
    network, training_plane = plane
    monkeypatch.setattr(pixel_learner, "ROUND", 4)
    monkeypatch.setattr(distillation, "STEPS", 4)
    monkeypatch.setattr(self_training, "uncertainty_of", lambda answers: 1.0)
    monkeypatch.setattr(self_training, "ENOUGH", 1)
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    while not (learner._teaches_itself and learner._detail_teaching.complete):
        learner.step()
    blend_weight = network.patch_weight
    assert learner.conclude(60)
    learner.step()
    assert learner.settled
    assert network.patch_weight == blend_weight


def test_new_strokes_begin_a_new_round_from_what_is_learnt(plane):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    first = learner.step()
    while not learner.settled:
        learner.step()
    learner.prepare([training_plane])
    assert not learner.settled
    assert learner.step() < 0.6 * first


def painted(shape, n_strokes):
    """A plane with so many strokes of each of two classes."""
    targets = np.zeros(shape, np.int32)
    for stroke in range(n_strokes):
        targets[4 * stroke, 4:30], targets[4 * stroke, 40:90] = 1, 2
    return targets


@pytest.mark.parametrize(("strokes", "radius"), [(1, 16), (16, 16), (32, 8), (600, 0)])
def test_many_strokes_smooth_less(plane, strokes, radius):
    network, _ = plane
    targets = painted((4 * strokes + 96 - 4 * strokes % 16, 128), strokes)
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    pixels = np.random.default_rng(0).random((*targets.shape, 1), np.float32)
    feature_maps = network.whole(pixels)[1]

    def region(rows, columns):
        spans = [(rows.start, rows.stop), (columns.start, columns.stop)]
        return tuple(
            feature_map[tuple(slice(start // s, stop // s) for start, stop in spans)]
            for feature_map, s in zip(
                feature_maps, network.feature_strides, strict=True
            )
        )

    learner.prepare([TrainingPlane(targets, region)])
    assert network.smoothing_radius == radius


def test_the_smoothing_is_guided_by_what_varies_most_between_painted_pixels(plane):
    network, training_plane = plane
    targets = painted((96, 128), 8)
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    head = network.head
    for _ in range(pixel_learner.ROUND):
        assert not np.any(head.state.guide)
        learner.step()
    for _ in range(2):
        learner.step()
    seen = learner._painted * head.scale
    # As often from either class, as the guides are chosen.
    weights = learner._balance()
    seen = seen[learner._rng.choice(len(seen), 20_000, p=weights / weights.sum())]
    spreads = (seen @ head.state.guide).std(axis=0)
    np.testing.assert_allclose(spreads, GUIDE_SPREAD, rtol=0.15)
    centred = seen - seen.mean(axis=0)
    unit = head.state.guide / np.linalg.norm(head.state.guide, axis=0)
    explained = ((centred @ unit) ** 2).sum()
    best = (np.linalg.svd(centred, compute_uv=False)[:2] ** 2).sum()
    assert explained > 0.9 * best


@pytest.mark.parametrize(("strokes", "rounds"), [(4, 3), (14, 2), (28, 1), (40, 1)])
def test_with_many_strokes_the_network_teaches_itself_less(
    plane, monkeypatch, strokes, rounds
):
    network, training_plane = plane
    monkeypatch.setattr(pixel_learner, "ROUND", 4)
    # Four steps leave a doubt in which the detail network would be taught as well.
    monkeypatch.setattr(self_training, "uncertainty_of", lambda answers: 0.0)
    targets = np.zeros((96, 128), np.int32)
    for number in range(strokes):
        y, x = divmod(number, 8)
        targets[6 * y, 4 + 8 * x : 8 + 8 * x] = 1
        targets[48 + 6 * y, 4 + 8 * x : 8 + 8 * x] = 2
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    steps = 0
    while not learner.settled:
        learner.step()
        steps += 1
    assert steps == (1 + rounds) * 4 + rounds + DETAIL


def test_large_masks_are_thinned_out_but_rare_classes_kept(plane, monkeypatch):
    network, training_plane = plane
    monkeypatch.setattr(pixel_learner, "MOST_PAINTED", 2000)
    targets = np.ones((96, 128), np.int32)
    targets[40:50, 40:50] = 2
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    kept = np.bincount(learner._numbers)
    assert kept[1] == 100
    assert 900 < kept[0] < 1100


def test_all_labelled_pixels_are_seen_once():
    targets = np.zeros((600, 700), np.int32)
    targets[[5, 255, 256, 590], [3, 300, 511, 699]] = 1
    blocks = list(stroked_blocks(targets, 16))
    seen = np.zeros(targets.shape, int)
    for block in blocks:
        seen[block.rows, block.columns] += 1
        assert block.seen_rows.start <= max(block.rows.start - 16, 0)
        assert block.seen_columns.start % 16 == 0
    assert (seen[targets > 0] == 1).all()
    assert len(blocks) == 4


def test_blocks_cover_a_plane_once():
    seen = np.zeros((1040, 528), int)
    for block in all_blocks(seen.shape, 82):
        seen[block.rows, block.columns] += 1
        assert 0 <= block.seen_rows.start <= block.rows.start
        assert block.rows.stop <= block.seen_rows.stop <= 1040
    assert (seen == 1).all()


def test_a_corrective_stroke_is_learnt_within_a_few_steps(plane):
    network, training_plane = plane
    targets = np.zeros((96, 128), np.int32)
    for row in range(0, 90, 6):
        targets[row : row + 2, 4:60], targets[row : row + 2, 68:124] = 1, 2
    # What looks like the one class and was called the other.
    corrected = targets.copy()
    corrected[40:46, 100:112] = 1
    feature_maps = training_plane.region(slice(0, 96), slice(0, 128))

    def share_right_after(steps, share):
        learner = PixelLearner(network, learning_rate=2e-3, seed=0)
        network.load_state(state)
        pixel_learner.FRESH_SHARE = share
        learner.prepare([TrainingPlane(targets, training_plane.region)])
        while not learner.settled:
            learner.step()
        learner.prepare([TrainingPlane(corrected, training_plane.region)])
        for _ in range(steps):
            learner.step()
        found = network.probabilities(feature_maps)[0][corrected != targets]
        return float(found.mean())

    state = network.state()
    usual = pixel_learner.FRESH_SHARE
    try:
        plain, weighted = (share_right_after(10, share) for share in (0, usual))
    finally:
        pixel_learner.FRESH_SHARE = usual
    assert weighted > plain + 0.1


def test_strokes_of_before_are_not_drawn_more_often(plane):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    assert learner._fresh.size == 0
    learner.prepare([training_plane])
    assert learner._fresh.size == 0
    targets = training_plane.targets.copy()
    targets[50, 10:30] = 1
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    assert learner._fresh.size == 20
    assert learner._fresh_odds.sum() == pytest.approx(1)


def test_a_member_keeps_the_lens_it_has_learnt_through(plane):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    projection = network.head.state.projection
    assert projection.any()
    targets = training_plane.targets.copy()
    targets[50, 90:120] = 2
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    np.testing.assert_array_equal(network.head.state.projection, projection)


def test_the_member_that_sees_coarsely_learns_from_strokes_alone(plane, drawn):
    network, training_plane = plane
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    while not learner.settled:
        learner.step()
    n_painted = len(learner._painted)
    largest = np.max([pixels.max(axis=1) for pixels in drawn], axis=0)
    assert largest[-1] < n_painted
    assert (largest[:-1] > n_painted).all()


@pytest.mark.parametrize(
    ("n_painted", "n_steps", "batch"),
    [(100, 300, 256), (25_000, 300, 256), (60_000, 300, 600), (200_000, 585, 1024)],
)
def test_masks_are_learnt_in_larger_steps_and_more_of_them(n_painted, n_steps, batch):
    assert pixel_learner.size_of_round(n_painted) == (n_steps, batch)


def test_a_round_has_the_size_that_suits_what_is_painted(plane, drawn, monkeypatch):
    network, training_plane = plane
    monkeypatch.setattr(pixel_learner, "ROUND", 4)
    monkeypatch.setattr(pixel_learner, "MOST_STEPS", 6)
    monkeypatch.setattr(pixel_learner, "TIMES", 10_000)
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    while not learner._teaches_itself:
        learner.step()
    sizes = [pixels.shape for pixels in drawn]
    assert sizes == [(3, pixel_learner.MOST_BATCH)] * 7


def test_new_strokes_alone_decide_how_much_shares_are_held_back(plane, monkeypatch):
    network, training_plane = plane
    told = []
    monkeypatch.setattr(
        SelfTraining,
        "prepare",
        lambda self, planes, **k: told.append(k["new_strokes"].tolist()),
    )
    learner = PixelLearner(network, learning_rate=2e-3, seed=0)
    learner.prepare([training_plane])
    learner.prepare([training_plane])
    targets = training_plane.targets.copy()
    targets[50, 10:30] = targets[60, 10:30] = 1
    targets[training_plane.targets > 0] = 0
    learner.prepare([TrainingPlane(targets, training_plane.region)])
    first, nothing, corrected = told
    assert min(first) > 0
    assert nothing == [0, 0]
    assert corrected == [2, 0]

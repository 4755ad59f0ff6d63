"""Self-training: which pseudo-labels are learnt, and in what class proportions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.learning.pixels.class_proportions import (
    MAX_MOVED_PER_STROKE,
)
from napari_garage_unet.engine.learning.pixels.self_training import (
    MAX_ROUNDS,
    MIN_STROKES_FOR_PATCH_NETWORK,
    SelfTraining,
)
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

SHAPE = (64, 96)


class Predicting:
    """Gives a network set predictions: each class has a proportion, none is sure."""

    def __init__(self, monkeypatch, class_proportions, *, lead=0.4):
        self.lead = lead
        self.network = build_network(NetworkConfig(), 1, len(class_proportions))
        self.class_proportions = np.array(class_proportions)
        monkeypatch.setattr(self.network, "pseudo_label_probabilities", self.predict)

    def set_class_proportions(self, class_proportions):
        head = self.network.head
        head.state = replace(head.state, class_proportions=class_proportions)

    def predict(self, feature_maps):
        seen = feature_maps[0]
        n_classes = len(self.class_proportions)
        rng = np.random.default_rng(1)
        best = rng.choice(
            n_classes,
            seen.shape,
            p=self.class_proportions / self.class_proportions.sum(),
        )
        lead = rng.uniform(0, self.lead, seen.shape)
        probabilities = np.stack(
            [1 / n_classes + np.where(best == k, lead, 0) for k in range(n_classes)]
        ).astype(np.float32) / (1 + lead).astype(np.float32)
        return probabilities, probabilities[:, ::GRID, ::GRID]

    def label_blocks(self):
        for number in range(self.self_training.n_blocks):
            self.self_training.label_block(number)

    def learnt(self):
        """Proportions of the labels that are learnt in one round."""
        self.label_blocks()
        features, pseudo_labels = self.self_training.choose()
        # All of them are chosen, so that surer ones do not count more.
        assert len(features) == len(pseudo_labels) == SHAPE[0] * SHAPE[1] / 4
        np.testing.assert_allclose(pseudo_labels.sum(axis=1), 1, rtol=1e-5)
        labels = pseudo_labels.argmax(axis=1)
        return np.bincount(labels, minlength=len(self.class_proportions)) / labels.size

    def prepare(self, *, strokes_per_class=4, new_strokes=None):
        """Begin anew; without `new_strokes` there is one of each class."""
        if new_strokes is None:
            new_strokes = [1] * len(self.class_proportions)
        plane = TrainingPlane(
            np.zeros(SHAPE, np.int32),
            lambda rows, columns: (
                [np.zeros((rows.stop - rows.start, columns.stop - columns.start))] * 2
            ),
        )
        self.self_training = SelfTraining(
            self.network,
            lambda plane, block, rows, columns: np.stack([rows, columns], axis=1),
            np.random.default_rng(0),
        )
        self.planes = [plane]
        self.self_training.prepare(
            self.planes,
            strokes_per_class=strokes_per_class,
            new_strokes=np.array(new_strokes),
        )
        return self


def test_the_first_strokes_may_teach_any_proportions(monkeypatch):
    network = Predicting(monkeypatch, [0.7, 0.3]).prepare()
    np.testing.assert_allclose(network.learnt(), [0.7, 0.3], atol=0.03)
    network.class_proportions = np.array([0.9, 0.1])
    np.testing.assert_allclose(network.learnt(), [0.9, 0.1], atol=0.03)
    np.testing.assert_allclose(
        network.network.head.state.class_proportions, [0.85, 0.15], atol=0.06
    )


def test_later_the_proportions_of_the_labels_change_little(monkeypatch):
    network = Predicting(monkeypatch, [0.95, 0.05])
    network.set_class_proportions([0.5, 0.5])
    network.prepare(new_strokes=[10, 10])
    first = network.learnt()[0]
    assert 0.65 < first < 0.85
    kept = network.network.head.state.class_proportions
    assert 0.65 < kept[0] < 0.8
    network.class_proportions = np.array([0.99, 0.01])
    # The proportions are decided once for all rounds.
    assert network.learnt()[0] == pytest.approx(first, abs=0.1)
    np.testing.assert_array_equal(network.network.head.state.class_proportions, kept)


def test_strokes_of_one_class_leave_the_proportions_as_they_were(monkeypatch):
    network = Predicting(monkeypatch, [0.95, 0.05])
    network.set_class_proportions([0.6, 0.4])
    network.prepare(new_strokes=[0, 20])
    np.testing.assert_allclose(network.learnt(), [0.6, 0.4], atol=0.05)
    np.testing.assert_allclose(
        network.network.head.state.class_proportions, [0.6, 0.4], atol=1e-5
    )


def test_a_class_that_has_all_but_vanished_is_brought_back(monkeypatch):
    network = Predicting(monkeypatch, [0.995, 0.005])
    network.set_class_proportions([0.6, 0.4])
    network.prepare(new_strokes=[10, 10])
    assert network.learnt()[1] > 0.05
    assert network.network.head.state.class_proportions[1] > 0.05


def after_strokes(monkeypatch, strokes, *, waits=True):
    """Proportion of the first class after strokes one by one, from 0.5 towards 0.9."""
    network = Predicting(monkeypatch, [0.9, 0.1])
    network.prepare()
    network.learnt()
    network.set_class_proportions([0.5, 0.5])
    for of_class in strokes:
        new = np.eye(2, dtype=int)[of_class]
        network.self_training.prepare(
            network.planes, strokes_per_class=20, new_strokes=new
        )
        if waits:
            network.learnt()
    if not waits:
        network.learnt()
    return float(network.network.head.state.class_proportions[0])


def test_strokes_one_by_one_of_several_classes_let_the_proportions_move(monkeypatch):
    found = [after_strokes(monkeypatch, [0, 1] * n) for n in (1, 2, 4)]
    assert 0.5 < found[0] < found[1] < found[2] < 0.9
    for proportion, n_strokes in zip(found, (2, 4, 8), strict=True):
        assert proportion <= 0.5 + MAX_MOVED_PER_STROKE * n_strokes + 1e-6


def test_strokes_one_by_one_of_one_class_soon_move_the_proportions_no_more(monkeypatch):
    one, few, many = (after_strokes(monkeypatch, [0] * n) for n in (1, 4, 12))
    # The first ones are seen together with those of both classes of before.
    assert 0.5 < one < few < after_strokes(monkeypatch, [0, 1] * 4)
    assert many == pytest.approx(few, abs=1e-5)


def test_strokes_too_fast_for_a_round_count_in_the_next(monkeypatch):
    strokes = [0, 1] * 4
    fast = after_strokes(monkeypatch, strokes, waits=False)
    assert fast == pytest.approx(after_strokes(monkeypatch, strokes), abs=0.01)
    assert fast > after_strokes(monkeypatch, strokes[-1:]) + 0.05


def test_a_class_that_is_new_has_the_share_that_it_has(monkeypatch):
    network = Predicting(monkeypatch, [0.6, 0.2, 0.2])
    network.set_class_proportions([0.5, 0.5, 0])
    free = Predicting(monkeypatch, [0.6, 0.2, 0.2]).prepare()
    free.learnt()
    network.prepare().learnt()
    held, now = (
        network.network.head.state.class_proportions,
        free.network.head.state.class_proportions,
    )
    assert held[2] == pytest.approx(now[2], abs=0.04)
    assert held[0] < now[0] - 0.02
    assert held[1] > now[1] + 0.02


def predictions(network):
    """All probabilities of the block in no order, sorted."""
    regions = [np.zeros(SHAPE), np.zeros(SHAPE)]
    return np.sort(network.predict(regions)[0][0, ::GRID, ::GRID].ravel())


def test_pseudo_labels_are_learnt_as_sure_as_they_are(monkeypatch):
    network = Predicting(monkeypatch, [0.5, 0.5]).prepare(strokes_per_class=1)
    network.label_blocks()
    learnt = network.self_training.choose()[1][:, 0]
    expected = predictions(network)
    assert expected.min() < 0.4 < 0.6 < expected.max()
    np.testing.assert_allclose(np.sort(learnt), expected, rtol=1e-4)


def learnt_with_patch_network(monkeypatch, *, strokes_per_class, lead, weight=0.5):
    """Share of the patch network, and what is learnt if it sees the second class only.

    Its probability of the first class is 0.1 everywhere.
    """
    network = Predicting(monkeypatch, [0.7, 0.3], lead=lead)
    network.prepare(strokes_per_class=strokes_per_class)
    network.label_blocks()
    share = network.self_training.patch_network_share
    patch_network = network.network.patch_network
    head = network.network.head
    head.state = replace(head.state, blend_weight=weight)
    monkeypatch.setattr(
        patch_network,
        "on_plane",
        lambda pixels, every: np.stack(
            [np.full((SHAPE[0] // GRID, SHAPE[1] // GRID), p) for p in (0.1, 0.9)]
        ).astype(np.float32),
    )
    if share:
        for number in range(network.self_training.n_blocks):
            network.self_training.patch_network_labels_block(number)
    learnt = network.self_training.choose()[1][:, 0]
    return share, predictions(network), np.sort(learnt)


@pytest.mark.parametrize("weight", [0.2, 0.5])
def test_where_the_decoder_is_uncertain_the_patch_network_has_its_weight(
    monkeypatch, weight
):
    share, before, learnt = learnt_with_patch_network(
        monkeypatch, strokes_per_class=8, lead=0.4, weight=weight
    )
    assert share == 1
    expected = (1 - weight) * before + weight * 0.1
    np.testing.assert_allclose(learnt, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("strokes", "lead"),
    [(MIN_STROKES_FOR_PATCH_NETWORK + 2, 40), (MIN_STROKES_FOR_PATCH_NETWORK - 2, 0.4)],
    ids=["sure", "few strokes"],
)
def test_it_has_none_where_the_decoder_is_sure_or_strokes_are_few(
    monkeypatch, strokes, lead
):
    share, before, learnt = learnt_with_patch_network(
        monkeypatch, strokes_per_class=strokes, lead=lead
    )
    assert share == 0
    np.testing.assert_allclose(learnt, before, rtol=1e-4)


def test_the_more_strokes_the_fewer_rounds_but_always_one(monkeypatch):
    network = Predicting(monkeypatch, [0.5, 0.5])
    rounds = [
        network.prepare(strokes_per_class=n).self_training.n_rounds
        for n in (1, 4, 14, 28, 40, 1000)
    ]
    assert rounds[0] == rounds[1] == MAX_ROUNDS
    assert rounds == sorted(rounds, reverse=True)
    assert 1 < rounds[2] < MAX_ROUNDS
    assert rounds[-1] == 1

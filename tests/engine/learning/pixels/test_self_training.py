"""What the network teaches itself: which answers it learns, and in what shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.learning.pixels.self_training import SelfTraining
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

SHAPE = (64, 96)


class Answering:
    """Stands in for a network: each class has a share of the labels, none is sure."""

    def __init__(self, monkeypatch, class_proportions, *, lead=0.4):
        self.lead = lead
        self.network = build_network(NetworkConfig(), 1, len(class_proportions))
        self.class_proportions = np.array(class_proportions)
        monkeypatch.setattr(self.network, "pseudo_label_probabilities", self.answers)

    def set_class_proportions(self, class_proportions):
        head = self.network.head
        head.state = replace(head.state, class_proportions=class_proportions)

    def answers(self, feature_maps):
        seen = feature_maps[0]
        n_classes = len(self.class_proportions)
        rng = np.random.default_rng(1)
        best = rng.choice(
            n_classes,
            seen.shape,
            p=self.class_proportions / self.class_proportions.sum(),
        )
        lead = rng.uniform(0, self.lead, seen.shape)
        answers = np.stack(
            [1 / n_classes + np.where(best == k, lead, 0) for k in range(n_classes)]
        ).astype(np.float32) / (1 + lead).astype(np.float32)
        return answers, answers[:, ::GRID, ::GRID]

    def learnt(self):
        """Shares of the labels of what is learnt in one round."""
        while self.teaching.ask():
            pass
        features, answers = self.teaching.choose()
        # All of them are chosen, so that surer ones do not count more.
        assert len(features) == len(answers) == SHAPE[0] * SHAPE[1] / 4
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
        labels = answers.argmax(axis=1)
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
        self.teaching = SelfTraining(
            self.network,
            lambda plane, block, rows, columns: np.stack([rows, columns], axis=1),
            np.random.default_rng(0),
        )
        self.planes = [plane]
        self.teaching.prepare(
            self.planes,
            strokes_per_class=strokes_per_class,
            new_strokes=np.array(new_strokes),
        )
        return self


def test_the_first_strokes_may_teach_any_shares(monkeypatch):
    network = Answering(monkeypatch, [0.7, 0.3]).prepare()
    np.testing.assert_allclose(network.learnt(), [0.7, 0.3], atol=0.03)
    network.class_proportions = np.array([0.9, 0.1])
    np.testing.assert_allclose(network.learnt(), [0.9, 0.1], atol=0.03)
    np.testing.assert_allclose(
        network.network.head.state.class_proportions, [0.85, 0.15], atol=0.06
    )


def test_later_the_shares_of_the_labels_are_held_back(monkeypatch):
    network = Answering(monkeypatch, [0.95, 0.05])
    network.set_class_proportions([0.5, 0.5])
    network.prepare(new_strokes=[10, 10])
    first = network.learnt()[0]
    assert 0.65 < first < 0.85
    kept = network.network.head.state.class_proportions
    assert 0.65 < kept[0] < 0.8
    network.class_proportions = np.array([0.99, 0.01])
    # What is aimed at is decided once for all rounds.
    assert network.learnt()[0] == pytest.approx(first, abs=0.1)
    np.testing.assert_array_equal(network.network.head.state.class_proportions, kept)


def test_strokes_of_one_class_leave_the_shares_as_they_were(monkeypatch):
    network = Answering(monkeypatch, [0.95, 0.05])
    network.set_class_proportions([0.6, 0.4])
    network.prepare(new_strokes=[0, 20])
    np.testing.assert_allclose(network.learnt(), [0.6, 0.4], atol=0.05)
    np.testing.assert_allclose(
        network.network.head.state.class_proportions, [0.6, 0.4], atol=1e-5
    )


def test_a_class_that_has_all_but_vanished_is_brought_back(monkeypatch):
    network = Answering(monkeypatch, [0.995, 0.005])
    network.set_class_proportions([0.6, 0.4])
    network.prepare(new_strokes=[10, 10])
    assert network.learnt()[1] > 0.05
    assert network.network.head.state.class_proportions[1] > 0.05


def after_strokes(monkeypatch, strokes, *, waits=True):
    """Share of the first class after strokes one by one; it would be .9 at last."""
    network = Answering(monkeypatch, [0.9, 0.1])
    network.prepare()
    network.learnt()
    network.set_class_proportions([0.5, 0.5])
    for of_class in strokes:
        new = np.eye(2, dtype=int)[of_class]
        network.teaching.prepare(network.planes, strokes_per_class=20, new_strokes=new)
        if waits:
            network.learnt()
    if not waits:
        network.learnt()
    return float(network.network.head.state.class_proportions[0])


def test_strokes_one_by_one_of_several_classes_let_the_shares_move(monkeypatch):
    assert after_strokes(monkeypatch, [0, 1] * 4) == pytest.approx(0.66, abs=0.01)


def test_strokes_one_by_one_of_one_class_soon_move_the_shares_no_more(monkeypatch):
    # The first ones are seen together with those of both classes of before.
    few, many = (after_strokes(monkeypatch, [0] * n) for n in (4, 12))
    assert few == pytest.approx(0.56, abs=0.01)
    assert many == pytest.approx(few, abs=1e-5)


def test_strokes_too_fast_for_a_lesson_count_in_the_next(monkeypatch):
    fast = after_strokes(monkeypatch, [0, 1] * 4, waits=False)
    assert fast == pytest.approx(0.66, abs=0.01)


def test_a_class_that_is_new_has_the_share_that_it_has(monkeypatch):
    network = Answering(monkeypatch, [0.6, 0.2, 0.2])
    network.set_class_proportions([0.5, 0.5, 0])
    free = Answering(monkeypatch, [0.6, 0.2, 0.2]).prepare()
    free.learnt()
    network.prepare().learnt()
    held, now = (
        network.network.head.state.class_proportions,
        free.network.head.state.class_proportions,
    )
    assert held[2] == pytest.approx(now[2], abs=0.04)
    assert held[0] < now[0] - 0.02
    assert held[1] > now[1] + 0.02


def test_answers_are_learnt_as_sure_as_they_are(monkeypatch):
    network = Answering(monkeypatch, [0.5, 0.5])
    teaching = network.prepare(strokes_per_class=1).teaching
    while teaching.ask():
        pass
    before = np.concatenate(teaching._answers).max(axis=1)
    after = teaching.choose()[1].max(axis=1)
    assert before.min() < 0.51 < 0.6 < before.max()
    np.testing.assert_allclose(np.sort(after), np.sort(before), rtol=1e-4)


def seen_sharply(monkeypatch, *, strokes_per_class, lead):
    """Trust, answers and labels when the detail network says the second class only."""
    network = Answering(monkeypatch, [0.7, 0.3], lead=lead)
    network.prepare(strokes_per_class=strokes_per_class)
    while network.teaching.ask():
        pass
    trust = network.teaching.trust
    patch_network = network.network.patch_network
    head = network.network.head
    head.state = replace(head.state, blend_weight=0.5)
    monkeypatch.setattr(
        patch_network,
        "on_plane",
        lambda pixels, every: np.stack(
            [np.full((SHAPE[0] // GRID, SHAPE[1] // GRID), p) for p in (0.1, 0.9)]
        ).astype(np.float32),
    )
    if trust:
        while network.teaching.ask_patch_network():
            pass
    before = np.concatenate(network.teaching._answers)
    return trust, before, network.teaching.choose()[1]


def test_in_doubt_the_detail_network_has_a_share_in_the_answers(monkeypatch):
    trust, before, learnt = seen_sharply(monkeypatch, strokes_per_class=8, lead=0.4)
    assert trust == 1
    expected = 0.5 * before + 0.5 * np.array([0.1, 0.9])
    np.testing.assert_allclose(
        np.sort(learnt[:, 0]), np.sort(expected[:, 0]), rtol=1e-4
    )


@pytest.mark.parametrize(("strokes", "lead"), [(8, 40), (4, 0.4)])
def test_it_has_none_where_nothing_is_in_doubt_or_strokes_are_few(
    monkeypatch, strokes, lead
):
    trust, before, learnt = seen_sharply(
        monkeypatch, strokes_per_class=strokes, lead=lead
    )
    assert trust == 0
    np.testing.assert_allclose(np.sort(learnt[:, 0]), np.sort(before[:, 0]), rtol=1e-4)

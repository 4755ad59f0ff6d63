"""What the network teaches itself: which answers it learns, and in what shares."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine import self_teaching
from napari_garage_unet.engine.config import NetworkConfig
from napari_garage_unet.engine.network import build_network
from napari_garage_unet.engine.sampling import TrainingPlane
from napari_garage_unet.engine.self_teaching import SelfTeaching

SHAPE = (64, 96)


class Answering:
    """Stands in for a network: gives each class the same probability everywhere."""

    def __init__(self, monkeypatch, probabilities):
        self.network = build_network(NetworkConfig(), 1, len(probabilities))
        self.says = np.array(probabilities, np.float32)
        monkeypatch.setattr(self.network, "answers", self.answers)

    def answers(self, taps):
        (seen,) = taps
        return np.broadcast_to(self.says[:, None, None], (len(self.says), *seen.shape))

    def learnt(self):
        """Mean of the answers that are learnt in one round."""
        while self.teaching.ask():
            pass
        features, answers = self.teaching.choose()
        assert len(features) == len(answers)
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-4)
        return answers.mean(axis=0)

    def prepare(self, *, strokes_per_class=4):
        plane = TrainingPlane(
            np.zeros(SHAPE, np.int32),
            lambda rows, columns: (
                np.zeros((rows.stop - rows.start, columns.stop - columns.start)),
            ),
        )
        self.teaching = SelfTeaching(
            self.network,
            lambda plane, block, rows, columns: np.stack([rows, columns], axis=1),
            np.random.default_rng(0),
        )
        self.teaching.prepare([plane], strokes_per_class=strokes_per_class)
        return self


@pytest.fixture
def unsharpened(monkeypatch):
    monkeypatch.setattr(self_teaching, "SHARPENING", 0)


def test_the_first_strokes_may_teach_any_shares(monkeypatch, unsharpened):
    network = Answering(monkeypatch, [0.7, 0.3]).prepare()
    np.testing.assert_allclose(network.learnt(), [0.7, 0.3], rtol=1e-4)
    network.says[:] = 0.9, 0.1
    np.testing.assert_allclose(network.learnt(), [0.9, 0.1], rtol=1e-4)
    np.testing.assert_allclose(network.network.head.shares, [0.9, 0.1], rtol=1e-4)


def test_later_the_shares_of_the_classes_are_held_back(monkeypatch, unsharpened):
    network = Answering(monkeypatch, [0.5, 0.5]).prepare()
    network.learnt()
    network.prepare()
    network.says[:] = 0.9, 0.1
    # The geometric mean of 0.5 and 0.9 to that of 0.5 and 0.1.
    np.testing.assert_allclose(network.learnt(), [0.75, 0.25], rtol=1e-4)
    network.says[:] = 0.99, 0.01
    np.testing.assert_allclose(network.learnt(), [0.75, 0.25], rtol=1e-4)
    np.testing.assert_allclose(network.network.head.shares, [0.75, 0.25], rtol=1e-4)


def test_with_many_strokes_shares_are_held_back_less(monkeypatch, unsharpened):
    network = Answering(monkeypatch, [0.5, 0.5]).prepare()
    network.learnt()
    network.says[:] = 0.9, 0.1
    first = []
    for strokes in (16, 64, 1000):
        network.network.head.shares.assign([0.5, 0.5])
        first.append(network.prepare(strokes_per_class=strokes).learnt()[0])
    assert first == sorted(first)
    assert first[0] == pytest.approx(0.75, abs=1e-4)
    assert first[-1] == pytest.approx(0.9, abs=0.01)


def test_a_class_that_is_new_has_the_share_that_it_has(monkeypatch, unsharpened):
    network = Answering(monkeypatch, [0.4, 0.4, 0.2])
    network.network.head.shares.assign([0.5, 0.5, 0])
    learnt = network.prepare().learnt()
    assert learnt[2] == pytest.approx(0.18, abs=0.01)
    assert learnt[0] == pytest.approx(learnt[1])


def test_with_few_strokes_unsure_answers_are_sharpened(monkeypatch):
    network = Answering(monkeypatch, [0.6, 0.4])
    few = network.prepare(strokes_per_class=1).learnt()
    network.network.head.shares.assign([0, 0])
    many = network.prepare(strokes_per_class=100).learnt()
    np.testing.assert_allclose(many, [0.6, 0.4], rtol=1e-4)
    assert few[0] == pytest.approx(0.6**1.5 / (0.6**1.5 + 0.4**1.5), rel=1e-4)

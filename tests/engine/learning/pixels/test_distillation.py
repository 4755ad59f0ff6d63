"""Distillation: what the patch network learns, and its weight in the result."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.learning.pixels.distillation import (
    MAX_PATCH_WEIGHT,
    Distillation,
    mean_iou,
)
from napari_garage_unet.engine.learning.pixels.distillation_steps import (
    DistillationSteps,
)
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

SHAPE = (160, 128)


class Distilled:
    """A teacher that knows labels, and a plane of stripes to learn from."""

    def __init__(self, labels):
        rng = np.random.default_rng(0)
        self.lines = np.zeros(SHAPE, bool)
        self.lines[:, ::16] = self.lines[:, 1::16] = True
        pixels = np.where(self.lines, 0.2, 0.8) + rng.normal(0, 0.05, SHAPE)
        self.network = build_network(NetworkConfig(), 1, 2)
        feature_maps = self.network.statistics_and_features(
            pixels[..., np.newaxis].astype(np.float32)
        )[1]
        self.labels = labels(self.lines).astype(np.float32)
        targets = np.zeros(SHAPE, np.int32)
        targets[80:83, 16:18], targets[80:83, 20:30] = 2, 1
        self.plane = TrainingPlane(targets, lambda rows, columns: feature_maps)
        self.feature_maps = feature_maps
        self.distillation = Distillation(
            self.network,
            np.random.default_rng(0),
            teacher=lambda seen: self.labels[:, ::GRID, ::GRID],
        )

    def run(self):
        self.distillation.prepare([self.plane])
        while not self.distillation.complete:
            self.distillation.step(2e-3)
        return self.found()

    def found(self):
        """Labels of the patch network on the grid."""
        pixels = self.feature_maps[1]
        return self.network.patch_network.on_plane(pixels, 1).argmax(axis=0)


def blurred(lines):
    """Labels that are right on average but noisy."""
    rng = np.random.default_rng(1)
    p = np.clip(np.where(lines, 0.65, 0.2) + rng.normal(0, 0.2, lines.shape), 0, 1)
    return np.stack([1 - p, p])


def test_it_learns_what_noisy_labels_have_in_common_and_weighs_as_it_agrees():
    distilled = Distilled(blurred)
    truth = distilled.lines[::2, ::2]
    labels = distilled.labels.argmax(axis=0)[::2, ::2]
    assert mean_iou(labels.ravel(), truth.ravel()) < 0.75
    found = distilled.run()
    assert mean_iou(found.ravel(), truth.ravel()) > 0.92
    repeated = mean_iou(found.ravel(), labels.ravel())
    expected = MAX_PATCH_WEIGHT * repeated
    assert distilled.network.patch_weight == pytest.approx(expected, abs=0.03)


def test_it_weighs_little_if_pixels_do_not_tell_the_labels():
    def by_place(lines):
        right = np.arange(SHAPE[1]) >= 64
        p = np.broadcast_to(np.where(right, 0.9, 0.1), lines.shape)
        return np.stack([1 - p, p])

    distilled = Distilled(by_place)
    distilled.run()
    assert distilled.network.patch_weight < 0.75 * MAX_PATCH_WEIGHT


def test_it_has_no_weight_from_new_strokes_until_it_is_distilled():
    distilled = Distilled(blurred)
    distilled.run()
    assert distilled.network.patch_weight > 0
    distilled.distillation.prepare([distilled.plane])
    assert distilled.network.patch_weight == 0
    distilled.distillation.step(2e-3)
    assert not distilled.distillation.complete


def test_distilled_once_more_it_keeps_its_weight_until_it_has_learnt():
    distilled = Distilled(blurred)
    distilled.run()
    blend_weight = distilled.network.patch_weight
    distilled.labels = distilled.labels[::-1].copy()
    distilled.distillation.repeat()
    for _ in range(10):
        distilled.distillation.step(2e-3)
    assert distilled.network.patch_weight == blend_weight
    assert not distilled.distillation.complete
    while not distilled.distillation.complete:
        distilled.distillation.step(2e-3)
    found = distilled.network.patch_network.on_plane(
        distilled.feature_maps[1], 1
    ).argmax(axis=0)
    # The strokes still say the opposite.
    assert mean_iou(found.ravel(), ~distilled.lines[::2, ::2].ravel()) > 0.75


def test_with_little_time_it_takes_fewer_steps_at_rates_that_fall_all_the_same(
    monkeypatch,
):
    distilled = Distilled(blurred)
    rates = []
    take = DistillationSteps.take

    def watched(self, *args, rate):
        rates.append(rate)
        return take(self, *args, rate=rate)

    monkeypatch.setattr(DistillationSteps, "take", watched)
    distilled.distillation.prepare([distilled.plane])
    left = 2.0
    while not distilled.distillation.complete:
        distilled.distillation.step(2e-3, seconds_left=left)
        left -= 0.02
    assert 80 < len(rates) <= 100
    assert left > 0
    assert max(rates) == pytest.approx(2e-3, rel=0.1)
    assert rates[-1] < 0.05 * max(rates)
    assert distilled.network.patch_weight > 0.3


def test_without_any_time_left_it_weighs_no_more_than_it_has_learnt():
    distilled = Distilled(blurred)
    distilled.distillation.prepare([distilled.plane])
    while not distilled.distillation.complete:
        distilled.distillation.step(2e-3, seconds_left=-1.0)
    assert distilled.network.patch_weight < 0.8 * MAX_PATCH_WEIGHT


def test_painted_pixels_are_learnt_as_they_are_painted_whatever_the_labels():
    distilled = Distilled(lambda lines: np.stack([np.ones(SHAPE), np.zeros(SHAPE)]))
    targets = np.where(distilled.lines, 2, 1).astype(np.int32)
    distilled.plane = TrainingPlane(targets, distilled.plane.region)
    found = distilled.run()
    truth = distilled.lines[::2, ::2]
    assert mean_iou(found.ravel(), truth.ravel()) > 0.97


def test_mean_iou_is_of_the_classes_in_either():
    found, labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 3])
    assert mean_iou(found, labels) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)

"""Teaching the detail network: what it learns, and how much it counts then."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.features.feature_maps import GRID
from napari_garage_unet.engine.learning.pixels import distillation
from napari_garage_unet.engine.learning.pixels.distillation import (
    Distillation,
    DistillationSteps,
    in_all_ways,
    mean_overlap,
)
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.build import build_network
from napari_garage_unet.engine.networks.config import NetworkConfig

SHAPE = (160, 128)


class Taught:
    """A network that knows answers, and a plane of stripes to teach the detail with."""

    def __init__(self, answers):
        rng = np.random.default_rng(0)
        self.lines = np.zeros(SHAPE, bool)
        self.lines[:, ::16] = self.lines[:, 1::16] = True
        pixels = np.where(self.lines, 0.2, 0.8) + rng.normal(0, 0.05, SHAPE)
        self.network = build_network(NetworkConfig(), 1, 2)
        feature_maps = self.network.whole(pixels[..., np.newaxis].astype(np.float32))[1]
        self.answers = answers(self.lines).astype(np.float32)
        self.network.unsmoothed = lambda seen: self.answers[:, ::GRID, ::GRID]
        targets = np.zeros(SHAPE, np.int32)
        targets[80:83, 16:18], targets[80:83, 20:30] = 2, 1
        self.plane = TrainingPlane(targets, lambda rows, columns: feature_maps)
        self.feature_maps = feature_maps
        self.teaching = Distillation(self.network, np.random.default_rng(0))

    def teach(self):
        self.teaching.prepare([self.plane])
        while not self.teaching.complete:
            self.teaching.step(2e-3)
        return self.network.patch_network.on_plane(self.feature_maps[1], 1).argmax(
            axis=0
        )


def blurred(lines):
    """Answers that are right on average but noisy."""
    rng = np.random.default_rng(1)
    p = np.clip(np.where(lines, 0.65, 0.2) + rng.normal(0, 0.2, lines.shape), 0, 1)
    return np.stack([1 - p, p])


def test_it_learns_what_noisy_answers_have_in_common_and_counts_as_it_repeats_them():
    taught = Taught(blurred)
    truth = taught.lines[::2, ::2]
    labels = taught.answers.argmax(axis=0)[::2, ::2]
    assert mean_overlap(labels.ravel(), truth.ravel()) < 0.75
    found = taught.teach()
    assert mean_overlap(found.ravel(), truth.ravel()) > 0.92
    repeated = mean_overlap(found.ravel(), labels.ravel())
    expected = distillation.MAX_PATCH_WEIGHT * repeated
    assert taught.network.patch_weight == pytest.approx(expected, abs=0.03)


def test_it_counts_little_if_pixels_do_not_tell_the_answers():
    def by_place(lines):
        right = np.arange(SHAPE[1]) >= 64
        p = np.broadcast_to(np.where(right, 0.9, 0.1), lines.shape)
        return np.stack([1 - p, p])

    taught = Taught(by_place)
    taught.teach()
    assert taught.network.patch_weight < 0.75 * distillation.MAX_PATCH_WEIGHT


def test_it_does_not_count_from_new_strokes_until_it_is_taught():
    taught = Taught(blurred)
    taught.teach()
    assert taught.network.patch_weight > 0
    taught.teaching.prepare([taught.plane])
    assert taught.network.patch_weight == 0
    taught.teaching.step(2e-3)
    assert not taught.teaching.complete


def test_taught_once_more_it_counts_as_before_until_it_has_learnt():
    taught = Taught(blurred)
    taught.teach()
    blend_weight = taught.network.patch_weight
    taught.answers = taught.answers[::-1].copy()
    taught.teaching.repeat()
    for _ in range(10):
        taught.teaching.step(2e-3)
    assert taught.network.patch_weight == blend_weight
    assert not taught.teaching.complete
    while not taught.teaching.complete:
        taught.teaching.step(2e-3)
    found = taught.network.patch_network.on_plane(taught.feature_maps[1], 1).argmax(
        axis=0
    )
    # The strokes still say the opposite.
    assert mean_overlap(found.ravel(), ~taught.lines[::2, ::2].ravel()) > 0.75


def test_with_little_time_it_takes_fewer_steps_at_rates_that_fall_all_the_same(
    monkeypatch,
):
    taught = Taught(blurred)
    rates = []
    take = DistillationSteps.take

    def watched(self, *args, rate):
        rates.append(rate)
        return take(self, *args, rate=rate)

    monkeypatch.setattr(DistillationSteps, "take", watched)
    taught.teaching.prepare([taught.plane])
    left = 2.0
    while not taught.teaching.complete:
        taught.teaching.step(2e-3, seconds_left=left)
        left -= 0.02
    assert 80 < len(rates) <= 100
    assert left > 0
    assert max(rates) == pytest.approx(2e-3, rel=0.1)
    assert rates[-1] < 0.05 * max(rates)
    assert taught.network.patch_weight > 0.3


def test_without_any_time_left_it_still_counts_no_more_than_it_has_learnt():
    taught = Taught(blurred)
    taught.teaching.prepare([taught.plane])
    while not taught.teaching.complete:
        taught.teaching.step(2e-3, seconds_left=-1.0)
    assert taught.network.patch_weight < 0.8 * distillation.MAX_PATCH_WEIGHT


def test_painted_pixels_are_learnt_as_they_are_painted_whatever_the_answers():
    taught = Taught(lambda lines: np.stack([np.ones(SHAPE), np.zeros(SHAPE)]))
    targets = np.where(taught.lines, 2, 1).astype(np.int32)
    taught.plane = TrainingPlane(targets, taught.plane.region)
    found = taught.teach()
    truth = taught.lines[::2, ::2]
    assert mean_overlap(found.ravel(), truth.ravel()) > 0.97


def test_a_large_mask_is_thinned_out_but_rare_classes_kept(monkeypatch):
    monkeypatch.setattr(distillation, "MOST_PAINTED", 400)
    taught = Taught(blurred)
    targets = np.ones(SHAPE, np.int32)
    targets[80:85, 40:50] = 2
    taught.teaching.prepare([TrainingPlane(targets, taught.plane.region)])
    cells = [
        targets[block.rows, block.columns][rows, columns]
        for _, block, rows, columns in taught.teaching._painted()
    ]
    counts = np.bincount(np.concatenate(cells))
    assert counts[2] == 50
    assert 150 < counts[1] < 250


def test_patches_are_turned_and_flipped_in_eight_ways():
    patch = np.arange(9, dtype=np.float32).reshape(3, 3, 1)
    seen = in_all_ways(np.stack([patch] * 8)).numpy()[..., 0]
    expected = {
        tuple(np.rot90(p, turns).ravel())
        for p in (patch[..., 0], patch[:, ::-1, 0])
        for turns in range(4)
    }
    assert {tuple(p.ravel()) for p in seen} == expected


def test_overlap_is_the_mean_of_the_classes_in_either():
    found, labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 3])
    assert mean_overlap(found, labels) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)

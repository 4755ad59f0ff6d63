"""Rounds: their size, their targets, and which pixels a step draws."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.rounds import (
    CORRECTION_SHARE,
    CORRECTION_STEPS,
    DRAWS_PER_PAINTED_PIXEL,
    MAX_STEPS_PER_ROUND,
    MIN_PIXELS_PER_STEP,
    MIN_STEPS_PER_ROUND,
    PseudoLabelRound,
    StrokeRound,
    size_of_round,
    smooth_targets,
)
from napari_garage_unet.engine.learning.pixels.steps import MAX_PIXELS_PER_STEP
from napari_garage_unet.engine.networks.decoder_ops import ENSEMBLE_SIZE

N_COMMON, N_RARE = 380, 20


def stroke_round(newly_painted=()):
    """400 pixels whose only feature is their number; the last ones are of class 1."""
    features = np.arange(N_COMMON + N_RARE, dtype=np.float32)[:, np.newaxis]
    classes = (np.arange(N_COMMON + N_RARE) >= N_COMMON).astype(np.int32)
    newly = np.isin(np.arange(N_COMMON + N_RARE), newly_painted)
    return StrokeRound(features, classes, newly, 2)


def drawn(a_round, taken, n=50):
    rng = np.random.default_rng(0)
    return np.concatenate([a_round.draw(rng, taken) for _ in range(n)], axis=1)


def test_a_rare_class_is_drawn_as_often_as_a_common_one():
    pixels = drawn(stroke_round(), 0)
    assert pixels.shape == (ENSEMBLE_SIZE, 50 * MIN_PIXELS_PER_STEP)
    assert (pixels >= N_COMMON).mean() == pytest.approx(0.5, abs=0.01)


def test_newly_painted_pixels_are_drawn_more_often_at_first_and_then_like_all_others():
    newly = np.arange(5)
    usual = np.isin(drawn(stroke_round(), 0), newly).mean()
    correction = stroke_round(newly)
    share = [
        np.isin(drawn(correction, taken), newly).mean()
        for taken in (0, CORRECTION_STEPS // 2, CORRECTION_STEPS, 2 * CORRECTION_STEPS)
    ]
    assert usual < 0.01
    assert share[0] == pytest.approx(CORRECTION_SHARE, abs=0.01)
    assert share[1] == pytest.approx(CORRECTION_SHARE / 2, abs=0.01)
    assert share[2:] == pytest.approx([usual, usual], abs=0.003)


def test_newly_painted_pixels_of_each_class_are_drawn_alike():
    newly = [*range(30), N_COMMON]
    pixels = drawn(stroke_round(newly), 0)
    more = (pixels == N_COMMON).mean() - (drawn(stroke_round(), 0) == N_COMMON).mean()
    assert more == pytest.approx(CORRECTION_SHARE / 2, abs=0.02)


def test_a_correction_is_learnt_at_once_and_nothing_else_meanwhile():
    assert not stroke_round([3]).rises
    assert stroke_round().rises
    assert stroke_round().check_after == CORRECTION_STEPS


def test_pseudo_labels_weigh_as_much_as_strokes_and_the_last_member_has_none():
    strokes = stroke_round()
    features = np.full((1000, 1), -1, np.float32)
    a_round = PseudoLabelRound(strokes, features, np.full((1000, 2), 0.5, np.float32))
    pixels = drawn(a_round, 0)
    n = N_COMMON + N_RARE
    assert (pixels[:-1] >= n).mean() == pytest.approx(0.5, abs=0.01)
    assert pixels[-1].max() < n
    np.testing.assert_array_equal(a_round.features[:n], strokes.features)
    np.testing.assert_array_equal(a_round.targets[:n], strokes.targets)
    np.testing.assert_allclose(a_round.targets[n:], 0.5)


def test_smoothed_targets_still_sum_to_one():
    targets = smooth_targets(np.eye(4, dtype=np.float32)).numpy()
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert (targets.argmax(axis=1) == np.arange(4)).all()
    assert 0 < targets[0, 1] < 0.05


def test_more_painted_pixels_make_larger_steps_first_and_then_more_of_them():
    sizes = [size_of_round(n) for n in (100, 10_000, 60_000, 150_000, 10**7)]
    steps, pixels = zip(*sizes, strict=True)
    assert sizes[0] == sizes[1] == (MIN_STEPS_PER_ROUND, MIN_PIXELS_PER_STEP)
    assert MIN_PIXELS_PER_STEP < pixels[2] < MAX_PIXELS_PER_STEP
    assert steps[2] == MIN_STEPS_PER_ROUND
    assert pixels[3] == MAX_PIXELS_PER_STEP
    assert MIN_STEPS_PER_ROUND < steps[3] < MAX_STEPS_PER_ROUND
    assert sizes[4] == (MAX_STEPS_PER_ROUND, MAX_PIXELS_PER_STEP)
    for n, (n_steps, n_pixels) in zip((60_000, 150_000), sizes[2:4], strict=True):
        wanted = DRAWS_PER_PAINTED_PIXEL * n
        assert n_steps * n_pixels == pytest.approx(wanted, rel=0.01)

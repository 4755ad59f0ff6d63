"""Suggested thresholds equal those of trying every threshold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.engine.suggestions.thresholds import suggest_thresholds


def balanced_iou(found, truth):
    """Mean IoU after repeating every class's pixels to the same number."""
    classes, counts = np.unique(truth, return_counts=True)
    weight = np.array([1 / counts[classes == t][0] for t in truth])
    ious = []
    for c in classes:
        both = weight[(truth == c) & (found == c)].sum()
        either = weight[(truth == c) | (found == c)].sum()
        ious.append(both / either)
    return np.mean(ious)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_curves_and_gain_equal_trying_thresholds(n, pixels, seed):
    rng = np.random.default_rng(seed)
    ids = tuple(rng.permutation(300)[:n] + 1)
    truth = rng.choice(ids, pixels)
    p = quantize(rng.dirichlet(np.ones(n) * 0.7, pixels).T.astype(np.float32))
    if n == 1:
        p = rng.integers(0, 256, (1, pixels)).astype(np.uint8)
    rules = [ClassRule(threshold=float(t)) for t in rng.random(n)]
    found = suggest_thresholds(p, truth, class_ids=ids, rules=rules)

    def iou(rules):
        return balanced_iou(assign_labels(p, rules, class_ids=ids), truth)

    assert found.iou_before == pytest.approx(iou(rules))
    assert found.iou_after == pytest.approx(iou(found.rules))
    assert found.gain >= 0
    for c in range(n):
        for k in range(0, 255, 51):
            tried = list(found.rules)
            tried[c] = dataclasses.replace(tried[c], threshold=found.thresholds[k])
            assert found.curves[c, k] == pytest.approx(iou(tried))
        # No single threshold is better by more than the tolerance.
        assert found.curves[c].max() <= found.iou_after + 1e-3 + 1e-9


def test_a_threshold_below_one_half_is_found():
    """All wheels have a probability below one half, and above all other pixels."""
    rng = np.random.default_rng(0)
    wheel = np.concatenate([rng.uniform(0.3, 0.45, 20), rng.uniform(0, 0.2, 2000)])
    truth = np.repeat([2, 1], [20, 2000])
    found = suggest_thresholds(np.stack([1 - wheel, wheel]).astype(np.float32), truth)
    assert found.iou_before == pytest.approx(0.25)
    assert found.iou_after == 1
    assert found.rules[0].threshold is None  # one change is enough
    assert 0.2 < found.rules[1].threshold < 0.3
    assert found.pixels.tolist() == [2000, 20]


def test_thresholds_that_fit_stay():
    p = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    rules = (ClassRule(min_size=9), ClassRule(0.7, low=0.2))
    found = suggest_thresholds(p, np.array([1, 2]), rules=rules)
    assert found.rules == rules
    assert found.gain == 0


def test_clean_up_stays_and_a_low_above_the_threshold_is_dropped():
    p = np.array([[0.9, 0.6, 0.7], [0.1, 0.4, 0.3]], np.float32)
    rules = (None, ClassRule(0.95, low=0.9, min_size=7))
    found = suggest_thresholds(p, np.array([1, 2, 2]), rules=rules)
    assert found.iou_after == 1
    assert found.rules[1].min_size == 7
    assert found.rules[1].low is None
    assert 0.1 < found.rules[1].threshold <= 0.3


@pytest.mark.parametrize(("wanted", "expected"), [(0.6, 0.6), (0.95, 0.80)])
def test_a_preference_counts_as_far_as_the_strokes_allow(wanted, expected):
    """1 of 100 pixels lies in each hundredth; 3 of 100 may be given away."""
    own = np.concatenate([np.linspace(0.777, 0.977, 21)[:-1].repeat(5), np.zeros(100)])
    truth = np.repeat([2, 1], 100)

    def prefer(rules, index):
        return None if index == 0 else -np.abs(np.arange(1, 256) / 255 - wanted)

    p = np.stack([1 - own, own]).astype(np.float32)
    found = suggest_thresholds(p, truth, preference=prefer)
    assert found.rules[0].threshold is None
    assert found.rules[1].threshold == pytest.approx(expected, abs=0.02)
    assert found.changes_thresholds
    assert found.iou_after >= found.iou_before - 0.03
    assert not suggest_thresholds(p, truth).changes_thresholds


def test_bad_input_is_named():
    p = np.full((2, 3), 0.5, np.float32)
    with pytest.raises(InputError, match="no strokes"):
        suggest_thresholds(p, np.zeros(3, int))
    with pytest.raises(InputError, match="class 5"):
        suggest_thresholds(p, np.array([1, 2, 5]))
    with pytest.raises(InputError, match="do not fit"):
        suggest_thresholds(p, np.array([1, 2]))


def make_strokes(n, wrong):
    """Pixels of `n` strokes of class 2 of which `wrong` lie at 0.4, and of class 1."""
    own = np.repeat(np.where(np.arange(n) < wrong, 0.4, 0.9), 20)
    p = np.concatenate([own, np.full(n * 20, 0.1)]).astype(np.float32)
    truth = np.repeat([2, 1], n * 20)
    return np.stack([1 - p, p]), truth, np.repeat(np.arange(2 * n), 20)


def test_one_stroke_does_not_change_a_threshold_but_several_do():
    p, truth, apart = make_strokes(12, wrong=1)
    assert suggest_thresholds(p, truth).gain > 0.03
    kept = suggest_thresholds(p, truth, strokes_apart=apart)
    assert kept.gain == 0
    assert [rule.threshold for rule in kept.rules] == [None, None]
    p, truth, apart = make_strokes(12, wrong=6)
    moved = suggest_thresholds(p, truth, strokes_apart=apart)
    assert moved.gain == pytest.approx(suggest_thresholds(p, truth).gain)
    assert (assign_labels(p, moved.rules) == truth).all()

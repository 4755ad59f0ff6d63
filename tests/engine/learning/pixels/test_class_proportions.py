"""Proportions of the classes: how they are measured, and how far they may change."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.class_proportions import (
    MAX_MOVED_PER_STROKE,
    blended_proportions,
    limit_proportion_change,
    soft_argmax_proportions,
    uncertainty_of,
)

BEFORE = np.array([0.4, 0.3, 0.2, 0.1])
NOW = np.array([0.1, 0.2, 0.3, 0.4])


def predictions(share, probability, n=1000):
    """Rows of which a share is for the first class; all are as sure as each other."""
    rows = np.repeat([[probability, 1 - probability]], n, axis=0).astype(np.float32)
    rows[round(n * share) :] = rows[0, ::-1]
    return rows


def moved(found, before=BEFORE):
    """Share of the pixels that are of another class than before."""
    return np.abs(found - before).sum() / 2


def test_uncertainty_falls_from_one_to_nothing_as_the_network_gets_surer():
    found = [uncertainty_of(predictions(0.5, p)) for p in (0.5, 0.7, 0.9, 0.97, 1.0)]
    assert found[:2] == [1, 1]
    assert 1 > found[2] > found[3] > found[4]
    assert found[4] == pytest.approx(0, abs=1e-6)


def test_only_the_two_most_probable_classes_decide_how_uncertain_it_is():
    one = np.array([[0.9, 0.06, 0.04]], np.float32)
    other = np.array([[0.06, 0.9, 0.04]], np.float32)
    spread = np.array([[0.9, 0.06, 0.02, 0.02]], np.float32)
    assert uncertainty_of(one) == uncertainty_of(other)
    assert uncertainty_of(one) == pytest.approx(uncertainty_of(spread), rel=1e-5)


def test_sure_predictions_are_measured_smoothed_and_uncertain_ones_unsmoothed():
    smoothed = predictions(0.9, 0.95)
    sure, between, uncertain = (
        blended_proportions(smoothed, predictions(0.7, p))[0] for p in (0.97, 0.9, 0.75)
    )
    assert sure == pytest.approx(0.9, abs=0.01)
    assert uncertain == pytest.approx(0.7, abs=0.01)
    assert uncertain + 0.02 < between < sure - 0.005


def test_labels_are_counted_however_near_to_one_half_probabilities_are():
    found = soft_argmax_proportions(predictions(0.8, 0.7))
    np.testing.assert_allclose(found, [0.8, 0.2], atol=0.01)
    factors = np.array([[3.0], [0.1]])
    rows = predictions(0.5, 0.7, n=2)
    np.testing.assert_allclose(
        soft_argmax_proportions(rows * factors), soft_argmax_proportions(rows)
    )


def test_a_class_without_pixels_has_a_little_so_that_it_can_come_back():
    found = soft_argmax_proportions(np.array([[1.0, 0.0]], np.float32))
    assert 0 < found[1] < 1e-4


def test_strokes_of_one_class_alone_move_nothing():
    found = limit_proportion_change(
        NOW, BEFORE, recent=np.array([60, 0, 0, 0]), n_new=60
    )
    np.testing.assert_allclose(found, BEFORE, atol=1e-7)


def test_the_more_classes_are_corrected_the_nearer_to_the_new_proportions():
    strokes = [[40, 20, 0, 0], [20, 20, 20, 0], [15, 15, 15, 15]]
    found = [
        limit_proportion_change(NOW, BEFORE, recent=np.array(recent), n_new=60)
        for recent in strokes
    ]
    distances = [moved(f) for f in found]
    assert 0 < distances[0] < distances[1] < distances[2] < moved(NOW)
    np.testing.assert_allclose([f.sum() for f in found], 1)


@pytest.mark.parametrize("n_new", [1, 2, 5])
def test_each_new_stroke_moves_no_more_pixels_than_it_may(n_new):
    before, now = np.array([0.5, 0.5]), np.array([0.05, 0.95])
    found = limit_proportion_change(now, before, recent=np.array([3, 3]), n_new=n_new)
    assert moved(found, before) == pytest.approx(MAX_MOVED_PER_STROKE * n_new)


def test_many_new_strokes_move_no_further_than_half_way_between_two_even_classes():
    before, now = np.array([0.5, 0.5]), np.array([0.1, 0.9])
    found = limit_proportion_change(now, before, recent=np.array([50, 50]), n_new=100)
    # The geometric mean of both, as two strokes are of one class half of the time.
    odds = np.sqrt(now / before)
    np.testing.assert_allclose(found, odds / odds.sum())


def test_without_new_strokes_all_stays_as_it_was():
    found = limit_proportion_change(NOW, BEFORE, recent=np.array([3, 2, 0, 0]), n_new=0)
    np.testing.assert_array_equal(found, BEFORE)

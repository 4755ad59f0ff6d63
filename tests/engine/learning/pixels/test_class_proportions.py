"""Shares of the classes: how they are measured, and how far they may change."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.learning.pixels.class_proportions import (
    class_proportions_of,
    held_back,
    uncertainty_of,
)


def test_in_doubt_smoothing_does_not_tell_what_shares_the_classes_have():
    def alike(share, first):
        """Answers of which some say the first class; how sure is the same in all."""
        rows = np.repeat([[first, 1 - first]], 1000, axis=0).astype(np.float32)
        rows[round(1000 * share) :] = rows[0, ::-1]
        return rows

    smoothed = alike(0.9, 0.95)
    sure, doubtful = (
        class_proportions_of(smoothed, alike(0.7, p))[0] for p in (0.97, 0.75)
    )
    assert sure == pytest.approx(0.9, abs=0.01)
    assert doubtful == pytest.approx(0.7, abs=0.01)
    between = class_proportions_of(smoothed, alike(0.7, 0.9))[0]
    # A doubt of .2 counts (.2 / .3) ** 4.
    assert between == pytest.approx(0.873, abs=0.005)


def test_the_more_classes_are_corrected_the_less_is_held_back():
    before, now = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
    strokes = [[60, 0, 0, 0], [40, 20, 0, 0], [20, 20, 20, 0], [15, 15, 15, 15]]
    found = [
        held_back(now, before, recent=np.array(recent), n_new=60)[3]
        for recent in strokes
    ]
    np.testing.assert_allclose(found, [0.1, 0.208, 0.279, 0.309], atol=1e-3)


def test_a_few_strokes_change_few_pixels():
    before, now, even = np.array([0.5, 0.5]), np.array([0.1, 0.9]), np.array([2, 2])
    few = held_back(now, before, recent=even, n_new=2)
    np.testing.assert_allclose(few, [0.46, 0.54])
    many = held_back(now, before, recent=even, n_new=100)
    np.testing.assert_allclose(many, [0.25, 0.75])


def test_nothing_new_changes_nothing():
    before, now = np.array([0.3, 0.7]), np.array([0.6, 0.4])
    found = held_back(now, before, recent=np.array([3, 2]), n_new=0)
    np.testing.assert_array_equal(found, before)


def test_doubt_is_what_the_two_most_probable_classes_are_apart():
    answers = np.array([[0.9, 0.06, 0.04], [0.1, 0.85, 0.05]], np.float32)
    # Margins of .84 and .75 leave a doubt of .205.
    assert uncertainty_of(answers) == pytest.approx((0.205 / 0.3) ** 4, rel=1e-4)
    assert uncertainty_of(np.full((2, 2), 0.5, np.float32)) == 1

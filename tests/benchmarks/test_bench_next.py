"""How being led to places is compared with chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.bench_next import WINDOW_SIDE_PIXELS, paint_at, saved, strokes_needed


def test_strokes_are_counted_in_proportion_between_rounds():
    assert strokes_needed([0.2, 0.4, 0.3, 0.8], 0.4) == pytest.approx(4)
    assert strokes_needed([0.2, 0.4, 0.3, 0.8], 0.6) == pytest.approx(10)
    assert strokes_needed([0.5, 0.4], 0.45) == 0
    assert math.isnan(strokes_needed([0.2, 0.4], 0.5))


def test_nothing_is_saved_where_chance_needs_no_strokes():
    assert saved(20, 15) == pytest.approx(0.25)
    assert saved(18, 24) == pytest.approx(-1 / 3)
    assert saved(0, 0) == 0


def test_the_largest_mistake_in_the_window_is_painted():
    truth = np.ones((200, 200), np.uint8)
    truth[80:120, 90:100] = 2
    truth[100:104, 110:114] = 3
    result = np.ones_like(truth)
    strokes = np.zeros_like(truth)
    paint_at((100, 100), truth, result, strokes, np.random.default_rng(0))
    painted = strokes > 0
    assert painted.any()
    assert (strokes[painted] == 2).all()
    assert (truth[painted] == 2).all()


def test_nothing_is_painted_outside_the_window_or_where_nothing_is_known():
    truth = np.ones((200, 200), np.uint8)
    truth[:, 120:] = 0
    strokes = np.zeros_like(truth)
    result = np.full_like(truth, 2)
    paint_at((30, 100), truth, result, strokes, np.random.default_rng(0))
    rows, columns = np.nonzero(strokes)
    assert rows.size > 0
    assert abs(rows - 30).max() <= WINDOW_SIDE_PIXELS // 2
    assert columns.min() >= 100 - WINDOW_SIDE_PIXELS // 2
    assert columns.max() < 120
    before = strokes.copy()
    paint_at((30, 180), truth, result, strokes, np.random.default_rng(0))
    np.testing.assert_array_equal(strokes, before)


def test_without_a_mistake_the_largest_patch_of_one_class_is_painted():
    truth = np.ones((200, 200), np.uint8)
    truth[:, 110:] = 2
    strokes = np.zeros_like(truth)
    paint_at((100, 100), truth, truth, strokes, np.random.default_rng(0))
    assert set(np.unique(strokes)) == {0, 1}

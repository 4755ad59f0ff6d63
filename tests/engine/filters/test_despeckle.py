"""Isolated pixels go; what is small but sure, or thin but long, stays."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.filters.despeckle import (
    MIN_EVIDENCE,
    SUPPORT_CELLS,
    despeckle,
    support_of_classes,
)


def certain_of_the_first(size=40, n_classes=3, margin=0.3):
    """Probabilities of a plane in which the first class is ahead by a margin."""
    probabilities = np.full((n_classes, size, size), 0, np.float32)
    probabilities[0], probabilities[1] = (1 + margin) / 2, (1 - margin) / 2
    return probabilities


def put(probabilities, class_number, where, margin):
    probabilities[:, *where] = 0
    probabilities[class_number, *where] = (1 + margin) / 2
    probabilities[0, *where] = (1 - margin) / 2


@pytest.mark.parametrize("grid", [1, 2])
def test_what_is_small_and_doubtful_goes(grid):
    probabilities = certain_of_the_first()
    spot = slice(10, 10 + 2 * grid), slice(20, 20 + 2 * grid)
    put(probabilities, 2, spot, 0.1)
    before = probabilities.copy()
    despeckle(probabilities, grid=grid)
    assert (probabilities.argmax(axis=0) == 0).all()
    # As doubtful as it was, with the two classes exchanged.
    np.testing.assert_array_equal(probabilities[0][spot], before[2][spot])
    np.testing.assert_array_equal(probabilities[2][spot], before[0][spot])


@pytest.mark.parametrize("grid", [1, 2])
def test_what_is_small_and_sure_stays(grid):
    probabilities = certain_of_the_first()
    put(probabilities, 2, (slice(10, 10 + 2 * grid), slice(20, 20 + 2 * grid)), 0.6)
    before = probabilities.copy()
    despeckle(probabilities, grid=grid)
    np.testing.assert_array_equal(probabilities, before)


def test_a_single_sure_cell_stays():
    probabilities = certain_of_the_first()
    put(probabilities, 2, (slice(10, 11), slice(20, 21)), 0.9)
    despeckle(probabilities, grid=1)
    assert probabilities.argmax(axis=0)[10, 20] == 2


def test_a_doubtful_line_stays():
    probabilities = certain_of_the_first()
    put(probabilities, 2, (slice(None), slice(20, 24)), 0.12)
    before = probabilities.copy()
    despeckle(probabilities, grid=2)
    np.testing.assert_array_equal(probabilities, before)


def test_where_all_is_in_doubt_nothing_changes():
    probabilities = certain_of_the_first(margin=0.01)
    before = probabilities.copy()
    despeckle(probabilities, grid=2)
    np.testing.assert_array_equal(probabilities, before)


def test_probabilities_are_only_exchanged():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), (32, 48)).astype(np.float32)
    probabilities = np.ascontiguousarray(np.moveaxis(probabilities, -1, 0))
    before = probabilities.copy()
    despeckle(probabilities, grid=2)
    changed = (probabilities != before).any(axis=0)
    assert 0.01 < changed.mean() < 0.5
    assert (probabilities.argmax(axis=0) != before.argmax(axis=0))[changed].all()
    np.testing.assert_array_equal(np.sort(probabilities, 0), np.sort(before, 0))


def test_support_is_the_evidence_in_the_window():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), (9, 11)).astype(np.float32)
    probabilities = np.moveaxis(probabilities, -1, 0)
    _, second, top = np.sort(probabilities, axis=0)
    evidence = np.where(probabilities == top, top - second, 0)
    margin = SUPPORT_CELLS // 2
    padded = np.pad(evidence, [(0, 0), *[(margin, margin)] * 2], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, (SUPPORT_CELLS, SUPPORT_CELLS), axis=(1, 2)
    )
    expected = np.clip(windows.sum(axis=(3, 4)) / MIN_EVIDENCE, 0, 1)
    assert 0.05 < (expected < 1).mean() < 0.95
    np.testing.assert_allclose(support_of_classes(probabilities), expected, atol=1e-5)

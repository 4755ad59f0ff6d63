"""Objects matched with true ones, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.evaluation.matching import Matches, match_objects


def test_objects_match_where_they_overlap_by_more_than_half():
    truth = np.zeros((10, 30), int)
    truth[:, :10], truth[:, 12:20], truth[:, 22:30] = 7, 2, 9
    found = np.zeros_like(truth)
    found[:, 1:10] = 3  # right
    found[:, 12:16] = 1  # half of an object is not enough
    found[:2, 24:26] = 8  # a small object

    matches = match_objects(truth, found)

    assert matches == Matches(true_positives=1, false_positives=2, false_negatives=2)
    assert matches.average_precision == pytest.approx(1 / 5)
    assert (matches + Matches(3, 0, 0)).average_precision == pytest.approx(4 / 8)
    assert match_objects(truth, truth).average_precision == 1
    nothing = match_objects(truth * 0, truth * 0)
    assert np.isnan(nothing.average_precision)

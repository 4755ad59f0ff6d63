"""One-vs-rest thresholds equal assigning labels at each threshold."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.assign import assign_labels, decision_step
from napari_garage_unet.engine.labels.one_vs_rest import OneVsRest
from napari_garage_unet.engine.labels.rules import ClassRule


@pytest.mark.parametrize("low", [None, 0.15])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_class_wins_up_to_the_limit_of_a_pixel(index, low):
    ids, shape = (5, 2, 9), (20, 30)
    rng = np.random.default_rng(index)
    levels = (rng.integers(0, 6, (3, *shape)) * 51).astype(np.uint8)  # with ties
    rules = [ClassRule(0.3, low=low), ClassRule(0.6), ClassRule()]
    rules[index] = ClassRule(0.123)  # its own rule does not count
    found = OneVsRest(levels.reshape(3, -1), shape, rules, ids, index)
    counts = []
    for threshold in sorted([*np.linspace(0, 1, 21), 0.3, 1 / 3, 0.6]):
        rules[index] = ClassRule(float(threshold))
        wins = found.limits >= decision_step(rules[index], 3)
        labels = np.where(wins, found.rest ^ found.swap, found.rest)
        expected = assign_labels(levels, rules, class_ids=ids)
        np.testing.assert_array_equal(labels.reshape(shape), expected)
        counts.append(np.count_nonzero(wins))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 100 + counts[-1]

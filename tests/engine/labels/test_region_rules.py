"""New labels of regions under each rule."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.region_rules import (
    changeable_regions,
    clean_regions,
)
from napari_garage_unet.engine.labels.regions import find_regions
from napari_garage_unet.engine.labels.rules import ClassRule

LABELS = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, 2, 2, 2, 1, 1, 1, 1],
        [1, 2, 0, 2, 1, 2, 2, 1],
        [1, 2, 2, 2, 1, 1, 1, 2],
    ]
)


@pytest.mark.parametrize(
    ("rule", "ring", "hole", "tail"),
    [
        (ClassRule(), 2, 0, 2),
        (ClassRule(fill_holes=1), 2, 2, 2),
        (ClassRule(min_size=4), 2, 0, 1),
        (ClassRule(max_size=7), 1, 0, 2),
        (ClassRule(keep_largest=True), 2, 0, 1),
        (ClassRule(clear_border=True), 1, 0, 1),
    ],
)
def test_a_rule_changes_the_regions_it_names(rule, ring, hole, tail):
    out = LABELS.copy()
    regions = find_regions(LABELS)
    regions.paint(clean_regions(regions, [ClassRule(), rule], (1, 2)), out)
    assert (out[1, 1], out[2, 2], out[2, 5], out[3, 7]) == (ring, hole, tail, tail)


def test_with_minimum_sizes_alone_small_regions_may_change():
    rules = [ClassRule(), ClassRule(min_size=4)]
    changeable = changeable_regions(rules, (1, 2))
    assert changeable(np.array([1, 2, 2]), np.array([3, 3, 4])).tolist() == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "rule",
    [
        ClassRule(fill_holes=1),
        ClassRule(max_size=9),
        ClassRule(clear_border=True),
        ClassRule(keep_largest=True),
    ],
)
def test_with_other_rules_any_region_may_change(rule):
    assert changeable_regions([rule, ClassRule(min_size=4)], (1, 2)) is None

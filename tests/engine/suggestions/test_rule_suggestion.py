"""What a suggestion changes, and the rules it gives."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.suggestions.rule_suggestion import RuleSuggestion
from napari_garage_unet.engine.suggestions.thresholds import ThresholdSuggestion


def suggestion(*, changes=False, min_sizes=None, splits=()):
    thresholds = ThresholdSuggestion(
        rules=(ClassRule(), ClassRule(0.4)),
        iou_before=0.5,
        iou_after=0.75,
        thresholds=np.arange(1, 256) / 255,
        curves=np.zeros((2, 255)),
        pixels=np.array([3, 4]),
        changes_thresholds=changes,
    )
    return RuleSuggestion(thresholds, (1, 7), False, min_sizes or {}, frozenset(splits))


def test_the_gain_is_the_difference_in_iou():
    assert suggestion().thresholds.gain == pytest.approx(0.25)


def test_suggested_values_are_put_into_a_rule_and_others_stay():
    found = suggestion(min_sizes={7: 12.0}, splits=[7])
    assert found.rules == {1: ClassRule(), 7: ClassRule(0.4, min_size=12, split=True)}
    present = ClassRule(0.9, low=0.8, smooth=2, min_size=5)
    expected = ClassRule(0.4, smooth=2, min_size=5, split=True)
    assert found.apply_to(7, present) == expected
    assert found.apply_to(1, ClassRule(0.9, split=True)) == ClassRule(split=True)


@pytest.mark.parametrize(
    ("parts", "changes"),
    [
        ({}, False),
        ({"changes": True}, True),
        ({"min_sizes": {7: 3.0}}, True),
        ({"splits": [7]}, True),
    ],
)
def test_a_threshold_a_size_or_splitting_changes_rules(parts, changes):
    found = suggestion(**parts)
    assert found.changes_rules == changes
    assert found.changes_thresholds == parts.get("changes", False)

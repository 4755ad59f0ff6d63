"""Rules of classes and the forms in which they are given."""

from __future__ import annotations

import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.rules import ClassRule, resolve_rules


def test_rule_keeps_its_values_in_json():
    rule = ClassRule(threshold=0.6, low=0.25, min_size=50, max_size=900.5, split=True)
    assert ClassRule.from_json(rule.to_json()) == rule
    with pytest.raises(InputError, match="unknown"):
        ClassRule.from_json({"treshold": 0.5})
    with pytest.raises(InputError, match="above the threshold"):
        ClassRule(threshold=0.2, low=0.3)


def test_rules_are_given_by_class_by_id_or_once():
    rule = ClassRule(0.7, min_size=3)
    half, default = ClassRule(0.5), ClassRule()
    assert resolve_rules(None, (1, 4)) == (default, default)
    assert resolve_rules(0.5, (1, 4)) == (half, half)
    assert resolve_rules(rule, (1, 4)) == (rule, rule)
    assert resolve_rules({4: rule}, (1, 4)) == (default, rule)
    assert resolve_rules([0.5, rule], (1, 4)) == (half, rule)


def test_how_objects_are_split_does_not_change_labels():
    rule = ClassRule(0.7, min_size=3)
    split = ClassRule(
        0.7, min_size=3, split=True, split_by="probability", split_distance=4.0
    )
    assert rule.gives_same_labels_as(split)
    assert not rule.gives_same_labels_as(ClassRule(0.7, min_size=4))


def test_on_every_nth_pixel_lengths_and_sizes_shrink():
    rule = ClassRule(0.7, smooth=8, fill_holes=32, min_size=64, max_size=160)
    assert rule.at_step(4) == ClassRule(
        0.7, smooth=2, fill_holes=2, min_size=4, max_size=10
    )
    assert ClassRule(smooth=2).at_step(2).max_size is None

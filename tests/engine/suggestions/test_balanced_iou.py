"""Balanced IoU counted by hand, and its curves equal trying each threshold."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.suggestions.balanced_iou import (
    balanced_iou,
    iou_curves,
)


def test_each_painted_class_has_the_same_weight():
    # Of 4 pixels of class 5 one is labelled 3; of 2 of class 3 one has no class.
    truth = np.array([0, 0, 0, 0, 1, 1])
    found = np.array([5, 5, 5, 3, 3, 0], np.uint8)
    expected = (0.75 / 1 + 0.5 / 1.25) / 2
    assert balanced_iou(found, truth, (5, 3)) == pytest.approx(expected)


def test_classes_without_strokes_do_not_count():
    truth = np.array([0, 0, 1, 1])
    found = np.array([1, 1, 2, 3], np.uint8)
    assert balanced_iou(found, truth, (1, 2, 3)) == pytest.approx((1 + 0.5) / 2)


def test_curves_equal_trying_each_threshold():
    rng = np.random.default_rng(4)
    levels = rng.integers(0, 256, (3, 40)).astype(np.uint8)
    truth = rng.integers(0, 3, 40)
    rules, ids = [ClassRule(0.4), ClassRule(0.2), ClassRule()], (7, 1, 2)
    curves = iou_curves(levels, truth, rules, ids)
    assert curves.shape == (3, 255)
    for index in range(3):
        for k in range(1, 256, 7):
            moved = [*rules]
            moved[index] = ClassRule(k / 255)
            labels = assign_labels(levels, moved, class_ids=ids)
            expected = balanced_iou(labels, truth, ids)
            assert curves[index, k - 1] == pytest.approx(expected)

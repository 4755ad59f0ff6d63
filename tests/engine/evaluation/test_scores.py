"""Scores against figures that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.evaluation.scores import score, score_all

TRUTH = np.array([[1, 1, 1, 2], [2, 2, 0, 0]], np.uint8)
LABELS = np.array([[1, 1, 2, 2], [2, 0, 1, 2]], np.uint8)


def test_unknown_pixels_do_not_count_and_undecided_ones_are_wrong():
    found = score(TRUTH, LABELS)
    assert found.pixels == 6
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.iou == pytest.approx({1: 2 / 3, 2: 2 / 4})
    assert found.mean_iou == pytest.approx((2 / 3 + 2 / 4) / 2)


def test_painted_pixels_are_left_out():
    strokes = np.array([[1, 0, 0, 0], [0, 2, 0, 0]], np.uint8)
    found = score(TRUTH, LABELS, strokes=strokes)
    assert found.pixels == 4
    assert found.accuracy == pytest.approx(3 / 4)
    assert found.iou == pytest.approx({1: 1 / 2, 2: 2 / 3})


def test_shapes_have_to_agree():
    with pytest.raises(InputError, match=r"\(2, 4\).*\(2, 3\)"):
        score(TRUTH, LABELS[:, :3])
    with pytest.raises(InputError, match="strokes"):
        score(TRUTH, LABELS, strokes=np.zeros((1, 4), np.uint8))


def test_something_has_to_be_left_to_compare():
    with pytest.raises(InputError, match="no pixel"):
        score(TRUTH, LABELS, strokes=np.ones_like(TRUTH))


def test_images_are_counted_together():
    more = np.full((1, 3), 2, np.uint8)
    found = score_all([TRUTH, more], [LABELS, more])
    assert found.pixels == 9
    assert found.accuracy == pytest.approx(7 / 9)
    assert found.iou == pytest.approx({1: 2 / 3, 2: 5 / 7})


def test_a_class_of_the_segmentation_alone_costs_accuracy_but_is_no_class():
    found = score_all([np.array([[1, 1, 1, 1]])], [np.array([[1, 1, 1, 9]])])
    assert found.iou == pytest.approx({1: 3 / 4})
    assert found.accuracy == pytest.approx(3 / 4)

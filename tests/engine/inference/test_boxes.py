"""Boxes are joined where that leaves less to compute."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.inference.boxes import group_boxes


def test_boxes_far_apart_stay_alone():
    boxes = [(0, 10, 0, 10), (500, 510, 0, 10), (0, 10, 500, 510)]
    assert group_boxes(boxes, 20) == [(box, [n]) for n, box in enumerate(boxes)]


def test_boxes_close_together_are_joined():
    boxes = [(0, 10, 0, 10), (12, 30, 5, 9)]
    assert group_boxes(boxes, 20) == [((0, 30, 0, 10), [0, 1])]


def test_what_was_joined_reaches_further():
    boxes = [(0, 10, 0, 10), (0, 10, 60, 70), (0, 10, 30, 40)]
    (box, members), *others = group_boxes(boxes, 12)
    assert box == (0, 10, 0, 70)
    assert sorted(members) == [0, 1, 2]
    assert not others


@pytest.mark.parametrize("seed", range(5))
def test_every_box_is_in_one_group_that_holds_it_and_less_is_seen(seed):
    rng = np.random.default_rng(seed)
    tops, lefts = rng.integers(0, 900, (2, 40)).tolist()
    boxes = [(y, y + 30, x, x + 40) for y, x in zip(tops, lefts, strict=True)]
    groups = group_boxes(boxes, 50)
    assert sorted(n for _, members in groups for n in members) == list(range(40))
    for (y0, y1, x0, x1), members in groups:
        for number in members:
            top, bottom, left, right = boxes[number]
            assert y0 <= top < bottom <= y1
            assert x0 <= left < right <= x1
    seen = sum((y1 - y0 + 100) * (x1 - x0 + 100) for (y0, y1, x0, x1), _ in groups)
    assert seen < 0.9 * 40 * 130 * 140

"""An index of strokes that is kept equals one made from scratch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_garage_unet.engine.annotations.stroke_index import (
    StrokeIndex,
    count_painted_pixels,
)

SHAPE = (160, 300)


@st.composite
def edits(draw):
    """Boxes of any size that are filled, scattered with pixels, or erased."""
    top, left = draw(st.integers(0, SHAPE[0] - 1)), draw(st.integers(0, SHAPE[1] - 1))
    height = draw(st.sampled_from([1, 2, 9, SHAPE[0]]))
    width = draw(st.sampled_from([1, 2, 30, SHAPE[1]]))
    box = slice(top, min(top + height, SHAPE[0])), slice(left, min(left + width, 300))
    size = box[0].stop - top, box[1].stop - left
    class_id = draw(st.integers(0, 3))
    if draw(st.booleans()):
        return box, np.full(size, class_id, np.uint8)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return box, np.where(rng.random(size) < 0.2, class_id, 0).astype(np.uint8)


def as_values(index):
    """Everything an index knows, to compare."""
    return [
        (
            patch.first_pixel,
            patch.box,
            patch.places,
            [
                (s.class_id, s.box, s.mask.shape, s.mask.tobytes())
                for s in patch.strokes
            ],
        )
        for patch in index.patches
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(edits(), min_size=1, max_size=12))
def test_an_index_that_is_kept_equals_one_made_from_scratch(changes):
    plane = np.zeros(SHAPE, np.uint8)
    kept = StrokeIndex(SHAPE)
    for box, values in changes:
        is_other = not np.array_equal(plane[box], values)
        plane[box] = values
        assert kept.replace(box, values) is is_other
        fresh = StrokeIndex.of(plane)
        np.testing.assert_array_equal(kept.plane, plane)
        assert as_values(kept) == as_values(fresh)
        assert kept.counts == count_painted_pixels(plane)
        assert kept.stroke_counts == fresh.stroke_counts


def test_an_edit_labels_only_patches_that_touch_it_again():
    plane = np.zeros((100, 100), np.uint8)
    plane[10, 10:20] = plane[12, 10:20] = plane[50, 10:20] = 1
    index = StrokeIndex.of(plane)
    first, second, far = index.patches
    index.replace((slice(11, 12), slice(14, 15)), np.ones((1, 1), np.uint8))
    joined, same = index.patches
    assert same is far
    assert joined not in (first, second)
    assert index.stroke_counts == {1: 2}
    assert index.counts == {1: 31}


def test_former_planes_are_not_written_to():
    index = StrokeIndex.of(np.eye(9, dtype=np.uint8))
    before, patches = index.plane, index.patches
    index.replace((slice(0, 9), slice(0, 9)), np.zeros((9, 9), np.uint8))
    np.testing.assert_array_equal(before, np.eye(9))
    assert len(patches) == 1
    assert index.patches == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_painted_pixels_are_counted_by_class(dtype):
    strokes = np.zeros((5, 40), dtype)
    strokes[1, :30], strokes[3] = 3, 1
    assert count_painted_pixels(strokes) == {1: 40, 3: 30}
    assert count_painted_pixels(np.zeros((4, 4), dtype)) == {}

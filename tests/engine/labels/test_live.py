"""What follows the slider has to be what is written in the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.live import LiveLabels
from napari_garage_unet.engine.labels.rules import ClassRule


@st.composite
def any_rule(draw):
    low, high = sorted(draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    return ClassRule(
        threshold=draw(st.sampled_from([None, 0.2, 1 / 3, 0.5, 1.0]))
        if low > 0.5
        else high,
        low=draw(st.sampled_from([None, None, min(low, 0.2)])) if low > 0.5 else None,
        smooth=draw(st.sampled_from([0, 0, 1])),
        fill_holes=draw(st.sampled_from([0, 3])),
        min_size=draw(st.sampled_from([0, 4])),
        keep_largest=draw(st.sampled_from([False, False, True])),
        takes_no_data=draw(st.sampled_from([False, False, True])),
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.data())
def test_every_move_gives_the_labels_of_the_whole_chain(n, seed, data):
    rng = np.random.default_rng(seed)
    shape = tuple(data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=2)))
    top = data.draw(st.sampled_from([2, 5, 256]))
    p = (rng.integers(0, top, (n, *shape)) * (255 // (top - 1))).astype(np.uint8)
    ids = data.draw(st.lists(st.integers(1, 300), min_size=n, max_size=n, unique=True))
    rules = {i: ClassRule() for i in ids}
    live = LiveLabels(p, class_ids=ids)
    array = live.labels
    np.testing.assert_array_equal(array, apply_rules(p, rules, class_ids=ids))
    for _ in range(4):
        moved = data.draw(st.sampled_from(ids))
        rules[moved] = data.draw(any_rule())
        assert live.update(moved, rules[moved]) is array
        np.testing.assert_array_equal(array, apply_rules(p, rules, class_ids=ids))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_threshold_and_pair_of_levels(n):
    """All 256 x 256 pairs of levels, each class moved over all steps."""
    one, two = np.meshgrid(np.arange(256), np.arange(256))
    p = np.stack([one, two, 255 - one])[:n].astype(np.uint8)
    live = LiveLabels(p, {2: 0.3} if n > 1 else None)
    for class_id in range(1, n + 1):
        for threshold in np.linspace(0, 1, 35):
            live.update(class_id, ClassRule(float(threshold)))
            np.testing.assert_array_equal(live.labels, apply_rules(p, live.rules))


def test_labels_are_written_where_they_are_wanted():
    out = np.full((4, 4), 9, np.uint8)
    live = LiveLabels(np.full((2, 4, 4), 0.5, np.float32), out=out)
    assert live.labels is out
    assert (out == 1).all()
    with pytest.raises(ValueError, match="out has to be"):
        LiveLabels(np.full((2, 4, 4), 0.5, np.float32), out=out[:2])

"""Ids of objects equal those of matching by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import segmentations

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.objects.relabel import relabel_like


@settings(max_examples=50, deadline=None)
@given(segmentations(top=4), st.integers(0, 2**32 - 1))
def test_ids_stay_with_the_largest_overlap(old, seed):
    rng = np.random.default_rng(seed)
    new = np.where(rng.random(old.shape) < 0.3, rng.integers(0, 6, old.shape), old)
    new = new.astype(np.int32)
    kept = relabel_like(new, old)
    assert kept.dtype == np.int32
    np.testing.assert_array_equal(kept == 0, new == 0)
    pairs = {(int(a), int(b)) for a, b in zip(new.flat, kept.flat, strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    # Most overlap first, by brute force.
    overlaps = sorted(
        (-int(((new == a) & (old == b)).sum()), a, b)
        for a in set(new.flat) - {0}
        for b in set(old.flat) - {0}
    )
    partner = {}
    for negative, a, b in overlaps:
        if negative and a not in partner and b not in partner.values():
            partner[a] = b
    table = dict(pairs)
    for a in set(new.flat) - {0}:
        if a in partner:
            assert table[a] == partner[a]
        else:
            assert table[a] > old.max()


def test_objects_of_another_shape_are_refused():
    with pytest.raises(InputError, match="compared"):
        relabel_like(np.zeros((2, 2), np.int32), np.zeros((3, 2), np.int32))

"""Nothing smaller than the least size, nor larger than the largest, after splitting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import discs, segmentations

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.found import find_objects
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.sizes import fit_sizes

CLASSES = (ClassInfo(1, "ground", background=True), ClassInfo(2, "disc"))


def large_and_small():
    """A disc of 1257 pixels that touches one of 49."""
    return discs((120, 120), [(60, 50)], 20.3) | discs((120, 120), [(60, 74)], 4.2)


def one_hot(labels):
    return np.stack([labels == 1, labels == 2]).astype(np.float32)


def found_by(mask, rule):
    rules = {2: rule}
    labels = apply_rules(one_hot(np.where(mask, 2, 1)), rules, class_ids=(1, 2))
    image = Image(np.zeros(mask.shape), "yx")
    return labels, find_objects(labels, CLASSES, image, rules=rules)


def test_a_small_piece_joins_the_object_it_touches():
    mask = large_and_small()
    assert objects(mask, split=True, min_distance=3).max() == 2
    labels, found = found_by(
        mask, ClassRule(min_size=100, split=True, split_distance=3)
    )
    assert found.counts == {2: 1}
    assert found.table["area"].tolist() == [mask.sum()]
    assert found.totals["count"].tolist()[1] == 1
    np.testing.assert_array_equal(labels == 2, mask)


def test_a_small_piece_joins_the_neighbour_with_which_it_shares_most():
    found = np.zeros((7, 9), np.int32)
    found[1:6, 0:4] = 1
    found[2:4, 4] = 2
    found[1:3, 5:9] = 3
    joined = fit_sizes(found, 3, None)
    assert (joined[2:4, 4] == 1).all()
    assert (joined[1:3, 5:9] == 3).all()


def test_small_pieces_join_until_none_is_too_small():
    found = np.arange(1, 9, dtype=np.int32)[None].repeat(2, axis=0)
    joined = fit_sizes(found, 4, None)
    sizes = np.bincount(joined.ravel())
    assert sizes[sizes > 0].min() >= 4
    assert (joined > 0).all()


def test_a_small_object_without_a_neighbour_is_none():
    mask = discs((40, 40), [(10, 10)], 6) | discs((40, 40), [(30, 30)], 2)
    found = objects(mask, split=True, min_size=30)
    assert found.max() == 1
    assert found[30, 30] == 0
    assert found[10, 10] == 1


def test_the_largest_size_is_about_cells_and_not_about_their_heap():
    centres = [(30, 20 + 17 * i) for i in range(4)]
    mask = discs((60, 90), centres, 9.5)
    cell = int(discs((60, 90), centres[:1], 9.5).sum())
    rule = ClassRule(max_size=1.5 * cell, split=True)
    labels, found = found_by(mask, rule)
    np.testing.assert_array_equal(labels == 2, mask)
    assert found.counts == {2: 4}
    labels, found = found_by(mask, ClassRule(max_size=1.5 * cell))
    assert found.counts == {2: 0}
    assert not (labels == 2).any()


def test_an_object_that_is_too_large_after_splitting_is_in_no_count_and_no_table():
    mask = discs((90, 90), [(20, 20)], 8) | discs((90, 90), [(60, 60)], 20)
    _, found = found_by(mask, ClassRule(max_size=400, split=True))
    assert found.counts == {2: 1}
    assert found.table["area"].tolist() == [int((found.ids == 1).sum())]
    assert found.totals["count"].tolist()[1] == 1
    assert found.ids[60, 60] == 0


def test_only_a_limit_that_acts_on_regions_changes_labels():
    split = ClassRule(split=True)
    assert split.gives_same_labels_as(ClassRule(split=True, max_size=9))
    assert split.gives_same_labels_as(ClassRule())
    assert not ClassRule(max_size=9).gives_same_labels_as(
        ClassRule(max_size=9, split=True)
    )
    assert not ClassRule(max_size=9).gives_same_labels_as(ClassRule())
    assert not split.gives_same_labels_as(ClassRule(split=True, min_size=9))


@settings(max_examples=40, deadline=None)
@given(
    segmentations(),
    st.sampled_from([0, 2, 5, 12]),
    st.sampled_from([None, 6, 30]),
    st.booleans(),
)
def test_every_object_has_a_size_within_its_limits(labels, least, most, split):
    found = objects(labels, 1, split=split, min_size=least, max_size=most)
    sizes = np.bincount(found.ravel())[1:]
    assert (sizes > 0).all()
    assert (sizes >= least).all()
    if most is not None:
        assert (sizes <= most).all()
    regions = objects(labels, 1)
    for i in np.unique(found[found > 0]):
        assert np.unique(regions[found == i]).size == 1
    if most is None:
        kept = np.bincount(regions.ravel())[regions] >= least
        np.testing.assert_array_equal(found > 0, (labels == 1) & kept)


@pytest.mark.parametrize("split", [True, False])
def test_limits_that_do_not_bind_change_nothing(split):
    mask = large_and_small()
    np.testing.assert_array_equal(
        objects(mask, split=split, min_size=10, max_size=5000),
        objects(mask, split=split),
    )

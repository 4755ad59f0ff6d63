"""Cleaned labels equal those of plain loops over labelled arrays."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import label_images
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.clean_up import apply_rules, clean_in_place
from napari_garage_unet.engine.labels.live import LiveLabels
from napari_garage_unet.engine.labels.rules import ClassRule, resolve_rules

few = settings(max_examples=60, deadline=None)


rules = st.builds(
    ClassRule,
    smooth=st.sampled_from([0, 0, 1, 2]),
    fill_holes=st.sampled_from([0, 1, 3.5, 1000]),
    min_size=st.sampled_from([0, 2, 4.5, 20]),
    max_size=st.sampled_from([None, None, 3, 12]),
    clear_border=st.booleans(),
    keep_largest=st.booleans(),
)


def clean(labels, rules, *, class_ids, **settings):
    """A cleaned copy."""
    cleaned = labels.copy(order="C")
    resolved = resolve_rules(rules, class_ids)
    clean_in_place(cleaned, resolved, class_ids, **settings)
    return cleaned


def slow_clean(labels, rules, ids, spacing=None, open_ends=(False, False)):
    labels = labels.copy()
    step = spacing or (1,) * labels.ndim
    for rule, c in zip(rules, ids, strict=True):
        if rule.smooth:
            radii = [round(rule.smooth * step[-1] / s) for s in step]
            labels = slow_smooth(labels, c, radii, ids)

    def at_border(mask):
        return touches(mask, open_ends, is_open=False)

    def reaches_out(mask):
        return touches(mask, open_ends, is_open=True)

    for rule, c in zip(rules, ids, strict=True):
        if rule.fill_holes:
            parts, n = ndimage.label(labels != c)  # across faces
            for k in range(1, n + 1):
                part = parts == k
                inside = not at_border(part) and not reaches_out(part)
                if part.sum() <= rule.fill_holes and inside:
                    labels[part] = c
    full = np.ones((3,) * labels.ndim)
    for rule, c in zip(rules, ids, strict=True):
        parts, n = ndimage.label(labels == c, full)
        keep = [
            k
            for k in range(1, n + 1)
            if (
                (size := (parts == k).sum()) >= rule.min_size or reaches_out(parts == k)
            )
            and (rule.max_size is None or size <= rule.max_size)
            and not (rule.clear_border and at_border(parts == k))
        ]
        rivals = [k for k in keep if not reaches_out(parts == k)]
        if rule.keep_largest and rivals:
            largest = max(rivals, key=lambda k: (parts == k).sum())
            keep = [k for k in keep if k == largest or k not in rivals]
        cleaned = labels.copy()
        for k in set(range(1, n + 1)) - set(keep):
            cleaned[parts == k] = around(labels, parts == k, ids)
        labels = cleaned
    return labels


def touches(mask, open_ends, *, is_open):
    """Whether a mask touches the border, or an open end."""
    ends = dict.fromkeys(range(mask.ndim), (False, False)) | {0: open_ends}
    return any(
        goes_on is is_open
        and (mask.shape[axis] > 1 or any(ends[axis]))
        and mask.take(i, axis).any()
        for axis in range(mask.ndim)
        for i, goes_on in zip((0, -1), ends[axis], strict=True)
    )


def around(labels, mask, ids):
    """The label with most faces around the mask."""
    counts = Counter()
    for pixel in zip(*np.nonzero(mask), strict=True):
        for axis, step in itertools.product(range(mask.ndim), (-1, 1)):
            other = list(pixel)
            other[axis] += step
            if 0 <= other[axis] < mask.shape[axis] and not mask[tuple(other)]:
                counts[int(labels[tuple(other)])] += 1
    return first_of_largest(counts, ids)


def first_of_largest(counts, ids):
    order = [*ids, 0, *sorted(set(counts) - {*ids, 0})]
    return max(order, key=lambda i: (counts[i], -order.index(i))) if counts else 0


def slow_smooth(labels, c, radii, ids):
    out = labels.copy()
    padded = np.pad(labels, [(r, r) for r in radii], mode="edge")
    steps = list(itertools.product(*(range(2 * r + 1) for r in radii)))
    for pixel in np.ndindex(labels.shape):
        counts = Counter()
        for step in steps:
            value = padded[tuple(p + s for p, s in zip(pixel, step, strict=True))]
            weights = [r + 1 - abs(s - r) for s, r in zip(step, radii, strict=True)]
            counts[int(value)] += np.prod(weights)
        half = counts.total() / 2
        if labels[pixel] != c and counts[c] > half:
            out[pixel] = c
        if labels[pixel] == c and counts[c] < half:
            del counts[c]
            out[pixel] = first_of_largest(counts, ids)
    return out


@few
@given(label_images(), st.lists(rules, min_size=3, max_size=3))
def test_cleaning_equals_the_plain_loops(labels, rules):
    ids = (3, 1, 2)
    cleaned = clean(labels, rules, class_ids=ids)
    assert cleaned.dtype == labels.dtype
    np.testing.assert_array_equal(cleaned, slow_clean(labels, rules, ids))


@few
@given(
    label_images().filter(lambda labels: labels.ndim > 1),
    st.lists(rules, min_size=3, max_size=3),
    st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 3),
    st.tuples(st.booleans(), st.booleans()),
)
def test_regions_at_open_ends_are_neither_filled_nor_removed_as_small(
    labels, rules, spacing, open_ends
):
    ids, step = (3, 1, 2), spacing[: labels.ndim]
    cleaned = clean(labels, rules, class_ids=ids, spacing=step, open_ends=open_ends)
    np.testing.assert_array_equal(
        cleaned, slow_clean(labels, rules, ids, step, open_ends)
    )


@few
@given(label_images(), st.lists(st.integers(0, 12), min_size=3, max_size=3))
def test_minimum_sizes_alone_equal_the_plain_loops(labels, sizes):
    only = [ClassRule(min_size=size) for size in sizes]
    cleaned = clean(labels, only, class_ids=(3, 1, 2))
    np.testing.assert_array_equal(cleaned, slow_clean(labels, only, (3, 1, 2)))


@few
@given(label_images(), st.sampled_from([2, 5]))
def test_no_region_below_the_minimum_size_is_left(labels, size):
    ids = (1, 2, 3, 4)
    cleaned = clean(labels, ClassRule(min_size=size), class_ids=ids)
    for c in ids:
        parts = ndimage.label(cleaned == c, np.ones((3,) * labels.ndim))[0]
        assert (np.bincount(parts.ravel())[1:] >= size).all()


@pytest.mark.parametrize("connected_axes", [2, None])
def test_a_stack_is_cleaned_plane_by_plane_or_as_a_volume(connected_axes):
    rng = np.random.default_rng(0)
    p = rng.dirichlet((1, 1, 1), (3, 12, 12)).transpose(3, 0, 1, 2).astype(np.float32)
    rule = ClassRule(0.6, low=0.3, smooth=1, min_size=4, fill_holes=3)
    found = apply_rules(p, rule, class_ids=(4, 5, 6), connected_axes=connected_axes)
    if connected_axes is None:
        expected = slow_clean(
            assign_labels(p, rule, class_ids=(4, 5, 6)), [rule] * 3, (4, 5, 6)
        )
    else:
        expected = [apply_rules(p[:, z], rule, class_ids=(4, 5, 6)) for z in range(3)]
    np.testing.assert_array_equal(found, expected)


def test_a_small_region_in_background_becomes_background():
    labels = np.ones((9, 9), np.uint8)
    labels[4, 4] = 2
    assert (clean(labels, {2: ClassRule(min_size=5)}, class_ids=(1, 2)) == 1).all()


def test_empty_arrays_pass():
    empty = np.zeros((2, 0, 5), np.float32)
    assert apply_rules(empty, ClassRule(min_size=5, smooth=1)).shape == (0, 5)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="spacing"):
        clean(np.ones((3, 3), int), ClassRule(smooth=1), class_ids=(1,), spacing=(1,))
    with pytest.raises(InputError, match="At least one axis"):
        clean(
            np.zeros((3, 3), int), ClassRule(smooth=1), class_ids=(1,), connected_axes=0
        )


@pytest.mark.parametrize(
    "rule",
    [
        ClassRule(),
        ClassRule(threshold=0.0),
        ClassRule(threshold=0.2, low=0.1),
        ClassRule(fill_holes=1e6, smooth=3),
        ClassRule(keep_largest=True),
    ],
)
def test_pixels_without_data_stay_unlabelled(rule):
    p = np.zeros((2, 40, 40), np.float32)
    p[0] = 0.9
    p[1] = 0.1
    p[::-1, 10:30, 10:30] = p[:, 10:30, 10:30].copy()
    hole = np.zeros((40, 40), bool)
    hole[15:20, 15:20] = hole[:, 37:] = True
    p[:, hole] = 0
    labels = apply_rules(p, rule)
    assert not labels[hole].any()
    assert labels[~hole].all()
    live = LiveLabels(p, ClassRule())
    for class_id in (1, 2):
        live.update(class_id, rule)
    np.testing.assert_array_equal(live.labels, labels)


def test_pixels_without_data_become_the_class_that_takes_them():
    p = np.full((2, 20, 20), [[[0.2]], [[0.8]]], np.float32)
    p[:, 5:9, 5:9] = 0
    rules = {3: ClassRule(takes_no_data=True), 7: ClassRule(fill_holes=1e6, smooth=2)}
    labels = apply_rules(p, rules, class_ids=(3, 7))
    assert (labels[5:9, 5:9] == 3).all()
    assert (labels == 3).sum() == 16
    live = LiveLabels(p, class_ids=(3, 7))
    assert (live.labels == 0).sum() == 16
    for class_id, rule in rules.items():
        live.update(class_id, rule)
    np.testing.assert_array_equal(live.labels, labels)

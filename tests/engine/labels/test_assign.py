"""Assigned labels equal those of the formula written out pixel by pixel."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import assign_labels, default_threshold
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.probabilities import quantize

few = settings(max_examples=40, deadline=None)
thresholds = st.one_of(
    st.none(),
    st.sampled_from([0.0, 0.2, 0.3, 1 / 3, 0.5, 0.9, 1.0]),
    st.floats(0, 1),
)


@st.composite
def levels(draw, max_classes=5, dims=(1, 3)):
    """Random levels, often few different ones so that ties happen."""
    n = draw(st.integers(1, max_classes))
    shape = tuple(draw(st.lists(st.integers(0, 6), min_size=dims[0], max_size=dims[1])))
    seed = draw(st.integers(0, 2**32 - 1))
    top = draw(st.sampled_from([1, 4, 256]))
    rng = np.random.default_rng(seed)
    values = rng.integers(0, top, (n, *shape)) * (255 // max(top - 1, 1))
    return np.minimum(values, 255).astype(np.uint8)


def slow_assign_labels(levels, rules, ids):
    """Exact fractions, one pixel after the other."""
    n = len(ids)
    out = np.zeros(levels.shape[1:], int)
    masks = [slow_reach(row, rule, n) for row, rule in zip(levels, rules, strict=True)]
    for pixel in np.ndindex(out.shape):
        best = None
        for c, rule in enumerate(rules):
            t = slow_threshold(rule, n)
            if rule.low is not None:
                t = min(t, rule.low)
            level = round(t * 255, 6)
            lower = max(math.floor(level), 1)
            upper = max(math.ceil(level), 1)
            middle = Fraction(2 * upper - 1, 2)
            q = int(levels[(c, *pixel)])
            if q < lower or not masks[c][pixel]:
                continue
            score = q * (255 - middle) / middle
            if best is None or score > best:
                best, out[pixel] = score, ids[c]
    return out


def slow_threshold(rule, n):
    return default_threshold(n) if rule.threshold is None else rule.threshold


def slow_reach(row, rule, n):
    """Flood from every strong pixel."""
    if rule.low is None:
        return np.ones(row.shape, bool)
    t = slow_threshold(rule, n)
    weak = row >= max(math.floor(round(min(rule.low, t) * 255, 6)), 1)
    grown = row >= max(math.floor(round(t * 255, 6)), 1)
    while True:
        more = ndimage.binary_dilation(grown, np.ones((3,) * row.ndim)) & weak
        if (more == grown).all():
            return grown
        grown = more


@few
@given(levels(), st.data())
def test_labels_are_those_of_the_formula(probabilities, data):
    n = len(probabilities)
    rules = [ClassRule(threshold=data.draw(thresholds)) for _ in range(n)]
    ids = data.draw(st.lists(st.integers(1, 300), min_size=n, max_size=n, unique=True))
    found = assign_labels(probabilities, rules, class_ids=ids)
    assert found.dtype == (np.uint8 if max(ids) < 256 else np.uint16)
    np.testing.assert_array_equal(found, slow_assign_labels(probabilities, rules, ids))


@few
@given(levels(max_classes=3), st.data())
def test_hysteresis_grows_from_sure_pixels(probabilities, data):
    n = len(probabilities)
    rules = []
    for _ in range(n):
        low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
        rules.append(
            ClassRule(threshold=high, low=data.draw(st.sampled_from([None, low])))
        )
    ids = tuple(range(1, n + 1))
    np.testing.assert_array_equal(
        assign_labels(probabilities, rules),
        slow_assign_labels(probabilities, rules, ids),
    )


@few
@given(st.integers(1, 255), st.integers(0, 2**32 - 1))
def test_default_gives_every_pixel_to_the_most_likely_class(n, seed):
    p = np.random.default_rng(seed).dirichlet(np.full(n, 0.5), 40).T.astype(np.float32)
    p[:, :2] = np.float32(1 / n)  # all classes equally probable
    found = assign_labels(p)
    if n == 1:
        np.testing.assert_array_equal(found, 1)
    else:
        np.testing.assert_array_equal(found, quantize(p).argmax(axis=0) + 1)


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 255), st.sampled_from([0, 1]))
def test_with_two_classes_a_moved_threshold_is_exact(seed, level, moved):
    q = np.random.default_rng(seed).integers(0, 256, 500).astype(np.uint8)
    both = np.stack([q, 255 - q] if moved == 0 else [255 - q, q])
    rules = [None, None]
    rules[moved] = level / 255
    np.testing.assert_array_equal(assign_labels(both, rules) == moved + 1, q >= level)


def test_threshold_between_two_levels_is_exact_on_floats():
    p = np.linspace(0, 1, 10_001, dtype=np.float32)
    found = assign_labels(np.stack([p, 1 - p]), [0.3, None])
    np.testing.assert_array_equal(found == 1, p > np.float32(0.3))


@few
@given(levels())
def test_floats_and_bytes_give_the_same_labels(probabilities):
    for dtype in (np.float16, np.float32, np.float64):
        p = (probabilities / 255).astype(dtype)
        if dtype != np.float16:
            np.testing.assert_array_equal(quantize(p), probabilities)
        np.testing.assert_array_equal(assign_labels(p), assign_labels(quantize(p)))


def test_ties_go_to_the_first_class():
    assert assign_labels(np.full((3, 1), 85, np.uint8), class_ids=(7, 3, 1)) == 7


def test_pixels_without_a_candidate_are_zero():
    p = np.array([[0.5, 0.9], [0.5, 0.1]], np.float32)
    np.testing.assert_array_equal(assign_labels(p, 0.8), [0, 1])


def test_rules_may_name_only_some_classes():
    p = np.array([[0.4], [0.6]], np.float32)
    np.testing.assert_array_equal(assign_labels(p, {7: 0.3}, class_ids=(7, 9)), [7])


@pytest.mark.parametrize(
    ("values", "rules", "ids", "words"),
    [
        (np.full((2, 3), np.nan, np.float32), None, None, "between 0 and 1"),
        (np.full((2, 3), 7, np.float32), None, None, "between 0 and 1"),
        (np.zeros((2, 3), np.int32), None, None, "int32"),
        (np.zeros((0, 3), np.float32), None, None, "shape"),
        (np.zeros((2, 3), np.uint8), [0.5], None, "2 classes but 1"),
        (np.zeros((2, 3), np.uint8), {5: 0.5}, None, "no class 5"),
        (np.zeros((2, 3), np.uint8), None, (1, 1), "same id"),
        (np.zeros((2, 3), np.uint8), None, (1,), "1 class ids"),
        (np.zeros((2, 3), np.uint8), 1.5, None, "Threshold"),
    ],
)
def test_bad_input_is_named(values, rules, ids, words):
    with pytest.raises(InputError, match=words):
        assign_labels(values, rules, class_ids=ids)

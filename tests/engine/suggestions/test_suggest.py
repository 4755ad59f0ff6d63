"""Rules that fit strokes: thresholds, minimum sizes and splitting."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.suggestions.painted import PaintedPlane, PaintedVolume
from napari_garage_unet.engine.suggestions.suggest import suggest_rules


@pytest.fixture
def labelled():
    """Class 2 in class 1: squares of 20 x 20, of 12 x 12 and of 2 x 2 pixels."""
    labels = np.ones((60, 80), np.uint8)
    labels[5:25, 5:25] = labels[40:52, 40:52] = labels[5:7, 60:62] = 2
    return labels


def probabilities_of(labels, p=0.9):
    own = np.where(labels == 2, p, 1 - p).astype(np.float32)
    return np.stack([1 - own, own])


def test_a_clump_of_touching_objects_is_not_one_large_object():
    grid = np.indices((60, 90))
    labels = np.ones((60, 90), np.uint8)
    for x in (20, 44, 68):
        labels[np.hypot(grid[0] - 30, grid[1] - x) <= 13] = 2
    strokes = np.zeros(labels.shape, np.uint8)
    strokes[30, 40:48], strokes[2] = 2, 1
    suggestion = suggest_rules(
        [PaintedPlane(probabilities_of(labels), strokes)],
        class_ids=(1, 2),
        background_ids=(1,),
    )
    assert 45 <= suggestion.min_sizes[2] <= 54  # a disc has 529 pixels


def test_in_a_volume_sizes_are_in_voxels(labelled):
    strokes = np.zeros(labelled.shape, np.uint8)
    strokes[45, 42:50], strokes[30] = 2, 1
    body = np.ones((20, *labelled.shape), np.uint8)
    body[4:16] = labelled
    painted = np.zeros_like(body)
    painted[7] = strokes
    suggestion = suggest_rules(
        [PaintedPlane(probabilities_of(labelled), strokes)],
        class_ids=(1, 2),
        background_ids=(1,),
        volumes=[PaintedVolume(probabilities_of(body), painted, (1.0, 1.0, 1.0))],
    )
    assert suggestion.min_sizes == {2: 12 * 144 // 10}


@pytest.mark.parametrize("has_edges", [True, False])
def test_of_thresholds_that_fit_the_strokes_one_follows_the_edges(has_edges):
    """The class fades out over 20 pixels; the image shows where it ends."""
    away = np.hypot(*(np.indices((90, 90)) - 45))
    own = np.clip(1 - (away - 10) / 25, 0, 1).astype(np.float32)
    ends = 100.0 * (away <= 17) if has_edges else np.zeros_like(away)
    noise = np.random.default_rng(0).normal(0, 1, away.shape)
    strokes = np.where(away < 8, 2, np.where(away > 36, 1, 0)).astype(np.uint8)
    plane = PaintedPlane(np.stack([1 - own, own]), strokes, ends + noise)
    suggestion = suggest_rules([plane], class_ids=(1, 2), background_ids=(1,))
    rule = suggestion.rules[2]
    if has_edges:
        assert rule.threshold == pytest.approx(1 - 7.5 / 25, abs=0.03)
        assert suggestion.changes_thresholds
        assert suggestion.thresholds.gain == 0
    else:
        assert rule.threshold is None


def test_a_minimum_size_leaves_the_background_and_present_sizes(
    labelled,
):
    strokes = np.zeros(labelled.shape, np.uint8)
    strokes[10, 8:20] = strokes[45, 42:50] = 2
    strokes[30, :] = 1
    plane = PaintedPlane(probabilities_of(labelled), strokes)
    suggestion = suggest_rules([plane], class_ids=(1, 2), background_ids=(1,))
    assert suggestion.min_sizes == {2: 14}
    assert suggestion.rules[2] == ClassRule(min_size=14)
    assert suggestion.changes_rules
    chosen = suggest_rules([plane], class_ids=(1, 2), rules={2: ClassRule(min_size=5)})
    assert 2 not in chosen.min_sizes
    assert chosen.rules[2].min_size == 5


def held_out_predictions(strokes_per_class, pixels):
    """Held-out strokes of two classes; class 2 has a probability of 80 / 255."""
    class_ids = np.repeat([1, 2], strokes_per_class * pixels).astype(np.int32)
    own = np.where(class_ids == 2, 80, 20)
    levels = np.stack([255 - own, own]).astype(np.uint8)
    strokes = np.repeat(np.arange(2 * strokes_per_class), pixels).astype(np.int32)
    return HeldOutPredictions(levels, class_ids, strokes)


@pytest.mark.parametrize(
    ("strokes_per_class", "pixels", "enough"),
    [(3, 20, True), (2, 60, False), (9, 5, False)],
)
def test_only_held_out_strokes_are_compared_if_there_are_enough(
    labelled, strokes_per_class, pixels, enough
):
    strokes = np.zeros(labelled.shape, np.uint8)
    strokes[8:20, 8:20] = 2
    strokes[30:34, :] = 1
    suggestion = suggest_rules(
        [PaintedPlane(probabilities_of(labelled), strokes)],
        class_ids=(1, 2),
        held_out=held_out_predictions(strokes_per_class, pixels),
    )
    assert suggestion.held_out == enough
    if enough:
        assert suggestion.thresholds.pixels.tolist() == [60, 60]
        assert suggestion.rules[2].threshold == pytest.approx(50 / 255, abs=0.02)
    else:
        assert suggestion.rules[2].threshold is None


def test_no_strokes_is_one_sentence(labelled):
    plane = PaintedPlane(probabilities_of(labelled), np.zeros(labelled.shape, np.uint8))
    with pytest.raises(InputError, match="no strokes"):
        suggest_rules([plane], class_ids=(1, 2))


def test_splitting_is_suggested_where_objects_touch():
    grid = np.indices((60, 90))
    labels = np.ones((60, 90), np.uint8)
    for x in (20, 44, 68):
        labels[np.hypot(grid[0] - 30, grid[1] - x) <= 13] = 2
    strokes = np.zeros(labels.shape, np.uint8)
    strokes[30, 40:48], strokes[2] = 2, 1
    plane = PaintedPlane(probabilities_of(labels), strokes)
    suggestion = suggest_rules([plane], class_ids=(1, 2), background_ids=(1,))
    assert suggestion.splits == {2}
    assert suggestion.rules[2].split
    assert not suggestion.rules[1].split
    again = suggest_rules(
        [plane], class_ids=(1, 2), rules=suggestion.rules, background_ids=(1,)
    )
    assert not again.splits
    assert again.rules[2].split

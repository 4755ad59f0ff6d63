"""What strokes say about thresholds and smallest sizes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.suggestions.object_sizes import painted_sizes, small_size
from napari_garage_unet.engine.suggestions.painted import PaintedPlane, PaintedVolume
from napari_garage_unet.engine.suggestions.suggest import suggest_rules
from napari_garage_unet.engine.suggestions.thresholds import suggest_thresholds


@pytest.fixture
def picture():
    """Labels 1 and 2: a square of 20 x 20, one of 12 x 12 and a speck of class 2."""
    labels = np.ones((60, 80), np.uint8)
    labels[5:25, 5:25] = labels[40:52, 40:52] = labels[5:7, 60:62] = 2
    return labels


def sure(labels, p=0.9):
    own = np.where(labels == 2, p, 1 - p).astype(np.float32)
    return np.stack([1 - own, own])


def test_the_painted_objects_count_others_do_not(picture):
    strokes = np.zeros(picture.shape, np.uint8)
    strokes[10, 8:20] = strokes[45, 42:50] = 2
    ids = objects(picture, 2)
    sizes = painted_sizes(ids, strokes == 2)
    assert sizes.tolist() == [400] * 12 + [144] * 8
    assert small_size(sizes) == 144
    strokes[45] = 0
    assert small_size(painted_sizes(ids, strokes == 2)) == 400
    # A stroke where the class was not found says nothing of its size.
    strokes[10], strokes[58] = 0, 2
    assert small_size(painted_sizes(ids, strokes == 2)) == 0


def test_a_speck_that_a_stroke_has_brushed_is_no_small_object():
    assert small_size(np.array([3] * 2 + [500] * 18 + [90] * 10)) == 90
    assert small_size(np.array([3])) == 3


@pytest.mark.parametrize("seed", range(5))
def test_painted_sizes_equal_the_obvious(seed):
    rng = np.random.default_rng(seed)
    ids = ndimage.label(rng.random((6, 20, 30)) < 0.4)[0]
    painted = rng.random(ids.shape) < 0.02
    expected = [(ids == i).sum() for i in ids[painted] if i > 0]
    assert painted_sizes(ids, painted).tolist() == expected


def test_a_heap_of_touching_objects_is_not_one_that_is_large():
    grid = np.indices((60, 90))
    labels = np.ones((60, 90), np.uint8)
    for x in (20, 44, 68):
        labels[np.hypot(grid[0] - 30, grid[1] - x) <= 13] = 2
    strokes = np.zeros(labels.shape, np.uint8)
    strokes[30, 40:48], strokes[2] = 2, 1
    suggestion = suggest_rules(
        [PaintedPlane(sure(labels), strokes)], class_ids=(1, 2), background_ids=(1,)
    )
    assert 45 <= suggestion.min_sizes[2] <= 54  # a disc has 529 pixels


def test_in_a_volume_sizes_are_those_of_its_bodies(picture):
    strokes = np.zeros(picture.shape, np.uint8)
    strokes[45, 42:50], strokes[30] = 2, 1
    body = np.ones((20, *picture.shape), np.uint8)
    body[4:16] = picture
    painted = np.zeros_like(body)
    painted[7] = strokes
    suggestion = suggest_rules(
        [PaintedPlane(sure(picture), strokes)],
        class_ids=(1, 2),
        background_ids=(1,),
        volumes=[PaintedVolume(sure(body), painted, (1.0, 1.0, 1.0))],
    )
    assert suggestion.min_sizes == {2: 12 * 144 // 10}


@pytest.mark.parametrize("has_edges", [True, False])
def test_thresholds_that_strokes_leave_open_follow_the_edges(has_edges):
    """The class fades out over 20 pixels; the picture shows where it ends."""
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


def test_a_tenth_is_suggested_but_not_to_the_background_nor_against_a_choice(picture):
    strokes = np.zeros(picture.shape, np.uint8)
    strokes[10, 8:20] = strokes[45, 42:50] = 2
    strokes[30, :] = 1
    plane = PaintedPlane(sure(picture), strokes)
    suggestion = suggest_rules([plane], class_ids=(1, 2), background_ids=(1,))
    assert suggestion.min_sizes == {2: 14}
    assert suggestion.rules[2] == ClassRule(min_size=14)
    assert suggestion.changes_rules
    chosen = suggest_rules([plane], class_ids=(1, 2), rules={2: ClassRule(min_size=5)})
    assert 2 not in chosen.min_sizes
    assert chosen.rules[2].min_size == 5


def answers(strokes_per_class, pixels):
    """Unseen strokes of two classes; class 2 is only seen where it is faint."""
    class_ids = np.repeat([1, 2], strokes_per_class * pixels).astype(np.int32)
    own = np.where(class_ids == 2, 80, 20)
    levels = np.stack([255 - own, own]).astype(np.uint8)
    strokes = np.repeat(np.arange(2 * strokes_per_class), pixels).astype(np.int32)
    return HeldOutPredictions(levels, class_ids, strokes)


@pytest.mark.parametrize(
    ("strokes_per_class", "pixels", "enough"),
    [(3, 20, True), (2, 60, False), (9, 5, False)],
)
def test_unseen_strokes_are_asked_alone_where_there_are_enough(
    picture, strokes_per_class, pixels, enough
):
    strokes = np.zeros(picture.shape, np.uint8)
    strokes[8:20, 8:20] = 2
    strokes[30:34, :] = 1
    suggestion = suggest_rules(
        [PaintedPlane(sure(picture), strokes)],
        class_ids=(1, 2),
        held_out=answers(strokes_per_class, pixels),
    )
    assert suggestion.held_out == enough
    if enough:
        assert suggestion.thresholds.pixels.tolist() == [60, 60]
        assert suggestion.rules[2].threshold == pytest.approx(50 / 255, abs=0.02)
    else:
        assert suggestion.rules[2].threshold is None


def test_no_strokes_is_one_sentence(picture):
    plane = PaintedPlane(sure(picture), np.zeros(picture.shape, np.uint8))
    with pytest.raises(InputError, match="no strokes"):
        suggest_rules([plane], class_ids=(1, 2))


def make_strokes(n, wrong):
    """Pixels of `n` strokes of class 2 of which `wrong` lie at 0.4, and of class 1."""
    own = np.repeat(np.where(np.arange(n) < wrong, 0.4, 0.9), 20)
    p = np.concatenate([own, np.full(n * 20, 0.1)]).astype(np.float32)
    truth = np.repeat([2, 1], n * 20)
    return np.stack([1 - p, p]), truth, np.repeat(np.arange(2 * n), 20)


def test_one_stroke_does_not_move_a_threshold_but_several_do():
    p, truth, apart = make_strokes(12, wrong=1)
    assert suggest_thresholds(p, truth).gain > 0.03
    kept = suggest_thresholds(p, truth, strokes_apart=apart)
    assert kept.gain == 0
    assert [rule.threshold for rule in kept.rules] == [None, None]
    p, truth, apart = make_strokes(12, wrong=6)
    moved = suggest_thresholds(p, truth, strokes_apart=apart)
    assert moved.gain == pytest.approx(suggest_thresholds(p, truth).gain)
    assert (assign_labels(p, moved.rules) == truth).all()


def test_splitting_is_suggested_where_objects_touch():
    grid = np.indices((60, 90))
    labels = np.ones((60, 90), np.uint8)
    for x in (20, 44, 68):
        labels[np.hypot(grid[0] - 30, grid[1] - x) <= 13] = 2
    strokes = np.zeros(labels.shape, np.uint8)
    strokes[30, 40:48], strokes[2] = 2, 1
    plane = PaintedPlane(sure(labels), strokes)
    suggestion = suggest_rules([plane], class_ids=(1, 2), background_ids=(1,))
    assert suggestion.splits == {2}
    assert suggestion.rules[2].split
    assert not suggestion.rules[1].split
    again = suggest_rules(
        [plane], class_ids=(1, 2), rules=suggestion.rules, background_ids=(1,)
    )
    assert not again.splits
    assert again.rules[2].split

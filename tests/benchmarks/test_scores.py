import numpy as np
import pytest
from benchmarks.scores import score
from benchmarks.strokes.tasks import as_truth, load_task

from napari_garage_unet.engine.evaluation.matching import Matches, match_objects

TRUTH = np.array([[1, 1, 2, 2], [1, 1, 2, 0]])
RESULT = np.array([[1, 2, 2, 2], [1, 1, 0, 1]])


def test_scores_of_an_array_that_can_be_counted_by_hand():
    scores = score([TRUTH], [RESULT])

    # Class 1: 3 of 4; class 2: 2 found, 3 wanted, 1 too many. The 0 is not counted.
    assert scores.mean_iou == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert scores.accuracy == pytest.approx(5 / 7)


def test_painted_pixels_are_not_scored():
    strokes = np.array([[0, 2, 0, 0], [0, 0, 1, 0]])

    scores = score([TRUTH], [RESULT], strokes=[strokes])

    assert scores.mean_iou == scores.accuracy == 1


def test_pictures_are_counted_together():
    scores = score([TRUTH, np.full((1, 3), 2)], [RESULT, np.full((1, 3), 2)])

    assert scores.mean_iou == pytest.approx((3 / 4 + 5 / 7) / 2)
    assert scores.accuracy == pytest.approx(8 / 10)


def test_a_class_that_only_the_result_has_costs_accuracy_but_is_no_class():
    scores = score([np.array([[1, 1, 1, 1]])], [np.array([[1, 1, 1, 9]])])

    assert scores.mean_iou == pytest.approx(3 / 4)


def test_shapes_that_differ_and_nothing_to_score_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        score([TRUTH], [RESULT.T])
    with pytest.raises(ValueError, match="No labelled pixel"):
        score([TRUTH], [RESULT], strokes=[TRUTH])


def test_masks_become_truths_with_ids_as_painted():
    mask = np.array([[0, 7, 255]], np.uint8)

    assert as_truth(mask).tolist() == [[1, 8, 0]]


def test_absent_data_is_said_in_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data .* absent"):
        load_task("nuclei", folder=tmp_path / "nowhere")


def test_objects_match_where_they_overlap_by_more_than_half():
    truth = np.zeros((10, 30), int)
    truth[:, :10], truth[:, 12:20], truth[:, 22:30] = 7, 2, 9
    found = np.zeros_like(truth)
    found[:, 1:10] = 3  # right
    found[:, 12:16] = 1  # half of an object is not enough
    found[:2, 24:26] = 8  # a speck

    matches = match_objects(truth, found)

    assert matches == Matches(right=1, wrong=2, missed=2)
    assert matches.average_precision == pytest.approx(1 / 5)
    assert (matches + Matches(3, 0, 0)).average_precision == pytest.approx(4 / 8)
    assert match_objects(truth, truth).average_precision == 1
    nothing = match_objects(truth * 0, truth * 0)
    assert np.isnan(nothing.average_precision)

import numpy as np
import pytest
from benchmarks.strokes.simulation import (
    MAX_STROKE_LENGTH_PIXELS,
    corrective_strokes,
    draw_stroke,
    first_strokes,
)
from scipy.ndimage import binary_erosion, binary_opening, label

BRUSH = np.ones((3, 3), bool)


@pytest.fixture
def truth():
    """Three classes, one of them round, and an ignored strip."""
    y, x = np.mgrid[:120, :160]
    truth = np.ones((120, 160), np.uint8)
    truth[:, 90:] = 2
    truth[(y - 60) ** 2 + (x - 60) ** 2 < 20**2] = 5
    truth[:, 150:] = 0
    return truth


@pytest.mark.parametrize("seed", range(5))
def test_a_stroke_is_made_of_whole_dabs_of_the_brush_inside_the_region(seed):
    region = np.zeros((80, 90), bool)
    region[20:60, 10:80] = True

    stroke = draw_stroke(region, np.random.default_rng(seed))

    assert not (stroke & ~region).any()
    assert np.array_equal(binary_opening(stroke, BRUSH), stroke)
    assert label(stroke, BRUSH)[1] == 1


def test_a_stroke_in_the_open_is_3_px_wide_and_no_longer_than_allowed():
    everywhere = np.ones((400, 400), bool)
    for seed in range(20):
        stroke = draw_stroke(everywhere, np.random.default_rng(seed))
        rows, columns = np.nonzero(stroke)
        extent = np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1)

        assert extent <= MAX_STROKE_LENGTH_PIXELS * np.sqrt(2)
        assert max(np.ptp(rows), np.ptp(columns)) < MAX_STROKE_LENGTH_PIXELS
        # The line that 3x3 dabs were set on is thin: no dab was wider.
        line = binary_erosion(stroke, BRUSH)
        assert 20 < line.sum() <= 2 * MAX_STROKE_LENGTH_PIXELS
        assert stroke.sum() > 3 * 20


def test_a_shorter_stroke_can_be_asked_for():
    everywhere = np.ones((200, 200), bool)

    stroke = draw_stroke(everywhere, np.random.default_rng(0), max_length=10)

    assert max(np.ptp(axis) for axis in np.nonzero(stroke)) < 10


def test_a_region_thinner_than_the_brush_is_painted_no_further_than_it_goes():
    line = np.zeros((30, 30), bool)
    line[15, 3:25] = True

    stroke = draw_stroke(line, np.random.default_rng(0))

    assert stroke.any()
    assert not (stroke & ~line).any()


def test_an_empty_region_is_refused():
    with pytest.raises(ValueError, match="empty"):
        draw_stroke(np.zeros((9, 9), bool), np.random.default_rng(0))


def test_first_strokes_lie_on_their_classes_and_none_on_what_is_ignored(truth):
    strokes = first_strokes(truth, np.random.default_rng(3))

    painted = strokes != 0
    assert np.array_equal(strokes[painted], truth[painted])
    assert set(np.unique(strokes)) == {0, 1, 2, 5}


def test_every_class_gets_the_number_of_strokes_that_was_asked_for(truth):
    one = first_strokes(truth, np.random.default_rng(3), per_class=1)

    for class_id in (1, 2, 5):
        assert label(one == class_id, BRUSH)[1] == 1
    many = first_strokes(truth, np.random.default_rng(3), per_class=4)
    assert (many != 0).sum() > 2 * (one != 0).sum()


def test_the_same_seed_paints_the_same_and_another_does_not(truth):
    first, again, other = (
        first_strokes(truth, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_corrections_go_to_the_largest_errors_and_leave_the_strokes(truth):
    result = truth.copy()
    result[10:40, 100:140] = 1  # a large error of class 2
    result[100:104, 20:24] = 2  # a small one of class 1
    result[110:112, 100:102] = 1  # too small for anybody to care
    strokes = first_strokes(truth, np.random.default_rng(0))

    corrected = corrective_strokes(
        truth, result, strokes, np.random.default_rng(1), per_class=1
    )

    added = corrected != strokes
    assert added[10:40, 100:140].any()
    assert added[100:104, 20:24].any()
    added[10:40, 100:140] = added[100:104, 20:24] = False
    assert not added.any()
    assert np.array_equal(corrected[corrected != 0], truth[corrected != 0])


def test_corrections_are_at_most_as_many_as_allowed():
    truth = np.ones((100, 100), np.uint8)
    truth[:, 50:] = 2
    result = truth.copy()
    for top in range(0, 100, 10):  # ten separate errors of class 1
        result[top : top + 5, 5:40] = 2
    nothing = np.zeros_like(truth)

    corrected = corrective_strokes(truth, result, nothing, np.random.default_rng(0))

    assert label(corrected == 1)[1] == 4
    assert not (corrected == 2).any()


def test_a_perfect_result_and_ignored_pixels_need_no_correction(truth):
    result = np.where(truth == 0, 2, truth)
    strokes = first_strokes(truth, np.random.default_rng(0))

    corrected = corrective_strokes(truth, result, strokes, np.random.default_rng(1))

    assert np.array_equal(corrected, strokes)


def test_undecided_pixels_are_corrected(truth):
    nothing = np.zeros_like(truth)

    corrected = corrective_strokes(truth, nothing, nothing, np.random.default_rng(1))

    assert set(np.unique(corrected)) == {0, 1, 2, 5}

import pytest
from benchmarks.strokes.marks import Figures, marks, tables
from benchmarks.strokes.rounds import Figure


def figure(method, task, value, *, number=0, seconds=20.0, late=0.0):
    return Figure(
        method=method,
        task=task,
        seed=0,
        round=number,
        seconds=seconds,
        learnt_after=seconds + late,
        predict_seconds=1.0,
        same_iou=value,
        same_accuracy=value,
        new_iou=value,
        new_accuracy=value,
    )


@pytest.fixture
def figures():
    return Figures(
        [
            figure("ours", "nuclei", 0.9),
            figure("ours", "flood", 0.5),
            figure("forest", "nuclei", 0.5),
            figure("forest", "flood", 0.6),
            figure("keras-unet", "nuclei", 0.7),
            figure("keras-unet", "flood", 0.2),
        ]
    )


def named(found, start):
    return next(mark for mark in found if mark.name.startswith(start))


def test_the_lead_is_over_the_peer_with_the_best_mean(figures):
    lead = named(marks(figures), "same mean IoU above")

    assert lead.value == pytest.approx(0.7 - 0.55)
    assert lead.met


def test_in_each_task_the_best_peer_of_that_task_counts(figures):
    found = marks(figures)

    assert named(found, "nuclei, same").value == pytest.approx(0.2)
    assert named(found, "flood, new").value == pytest.approx(-0.1)
    assert not named(found, "flood, new").met


def test_our_late_results_are_a_missed_mark():
    found = marks(Figures([figure("ours", "nuclei", 0.9, late=5)]))

    assert not named(found, "our latest").met


def test_marks_of_moments_that_were_not_run_are_left_out(figures):
    names = [mark.name for mark in marks(figures)]

    assert not any("5 s" in name or "round 3" in name for name in names)


def test_tables_show_the_mean_of_each_task_and_method(figures):
    first = tables(figures)[0]

    assert "nuclei" in first
    assert "0.50 / 0.50" in first


def test_going_on_is_compared_with_starting_again():
    runs = [
        figure("ours", "nuclei", 0.9, number=3),
        figure("ours, starting again", "nuclei", 0.8, number=3),
    ]
    found = named(marks(Figures(runs)), "new mean IoU after 3 corrections")

    assert (found.value, found.limit) == (0.9, 0.8)
    assert "again" not in tables(Figures(runs))[0]


def test_what_has_to_be_right_is_said_of_the_known_tasks_alone():
    def names(task):
        runs = [figure("ours", task, 0.5, number=n) for n in (1, 3)]
        return [mark.name for mark in marks(Figures(runs))]

    assert "nuclei, accuracy on same after 3 corrective round(s)" in names("nuclei")
    assert "same mean IoU after 3 corrective rounds" in names("nuclei")
    assert names("plates") == ["our latest result, as a part of the seconds it had"]

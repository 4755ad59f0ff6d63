"""What the preview asks for, without a viewer, an engine or a clock."""

from __future__ import annotations

import dataclasses

import pytest

from napari_garage_unet.session.preview.coverage import MAX_PART_SIDE_VALUES, Coverage
from napari_garage_unet.session.preview.schedule import (
    FIRST_PREVIEW_SECONDS,
    FIRST_PREVIEW_STEP,
    MAX_WAIT_FOR_STROKE_SECONDS,
    MIN_STEPS_WITH_STROKE,
    LearningState,
    PreviewPart,
    Shown,
    Sweep,
    View,
    is_outdated,
    may_ask,
    next_part,
)
from napari_garage_unet.session.training.live_model import LiveModel, Phase

LEARNING = LearningState(
    LiveModel(phase=Phase.LEARNING, generation=1, step=50),
    seconds=10.0,
    strokes_sent=7,
    strokes_learnt=7,
    steps_with_strokes=40,
)
IDLE = dataclasses.replace(
    LEARNING, live=LiveModel(phase=Phase.IDLE, generation=2, step=50)
)
SHOWN = Shown(parts=3, strokes=7, at=100.0, next_preview_at=101.0)
PLANE = (2048, 2048)
VIEW = View((0, 512, 0, 1024))


def learning(**changes):
    return dataclasses.replace(LEARNING, **changes)


def with_live(**changes):
    return learning(live=dataclasses.replace(LEARNING.live, **changes))


def test_nothing_is_asked_for_without_a_model_or_before_the_first_step():
    assert may_ask(LEARNING, SHOWN, now=200.0)
    assert not may_ask(with_live(step=0), SHOWN, now=200.0)
    assert not may_ask(with_live(is_lost=True), SHOWN, now=200.0)
    assert not may_ask(with_live(phase=Phase.STARTING), SHOWN, now=200.0)


def test_the_first_preview_waits_for_some_steps_or_seconds():
    early = with_live(step=FIRST_PREVIEW_STEP - 1)
    young = dataclasses.replace(early, seconds=FIRST_PREVIEW_SECONDS - 0.1)
    assert not may_ask(young, Shown(), now=0.0)
    assert may_ask(
        dataclasses.replace(young, seconds=FIRST_PREVIEW_SECONDS), Shown(), now=0.0
    )
    late = dataclasses.replace(young, live=LEARNING.live)
    assert may_ask(late, Shown(), now=0.0)


def test_previews_pause_while_learning_goes_on_but_not_when_it_is_idle():
    assert not may_ask(LEARNING, SHOWN, now=100.9)
    assert may_ask(LEARNING, SHOWN, now=101.0)
    assert may_ask(IDLE, SHOWN, now=100.9)


@pytest.mark.parametrize(
    "waiting",
    [
        {"strokes_sent": 8},
        {
            "strokes_sent": 8,
            "strokes_learnt": 8,
            "steps_with_strokes": MIN_STEPS_WITH_STROKE - 1,
        },
    ],
)
def test_a_preview_waits_until_a_new_stroke_is_learnt_but_not_for_ever(waiting):
    state = learning(**waiting)
    until = SHOWN.at + MAX_WAIT_FOR_STROKE_SECONDS
    assert not may_ask(state, SHOWN, now=until - 0.01)
    assert may_ask(state, SHOWN, now=until)
    # Before anything is shown there is nothing to compare the stroke with.
    assert may_ask(state, Shown(next_preview_at=0.0), now=0.0)


def test_what_a_new_stroke_has_changed_is_asked_for_without_a_pause():
    state = learning(
        strokes_sent=8, strokes_learnt=8, steps_with_strokes=MIN_STEPS_WITH_STROKE
    )
    assert may_ask(state, SHOWN, now=100.1)


def test_a_request_made_before_a_new_stroke_is_withdrawn_for_a_while():
    state = learning(strokes_sent=8)
    assert is_outdated(state, SHOWN, asked_with=7, now=100.5)
    assert not is_outdated(state, SHOWN, asked_with=8, now=100.5)
    later = SHOWN.at + MAX_WAIT_FOR_STROKE_SECONDS
    assert not is_outdated(state, SHOWN, asked_with=7, now=later)
    idle = dataclasses.replace(IDLE, strokes_sent=8)
    assert not is_outdated(idle, SHOWN, asked_with=7, now=100.5)


def ask(coverage, state, sweep, *, view=VIEW, shown=SHOWN):
    """Ask once, and record the answer as shown."""
    part, sweep = next_part(coverage, view, state, shown, sweep)
    if part is not None:
        coverage.mark(part.box, state.state, step=part.step)
    return part, sweep


def test_all_that_is_on_view_comes_before_one_part_that_is_not():
    coverage, sweep = Coverage(PLANE), Sweep()
    asked = []
    for step in range(50, 55):
        part, sweep = ask(coverage, with_live(step=step), sweep)
        asked.append(part.box)
    # Two sweeps of the two parts on view, and a look elsewhere after the first.
    on_view = {(0, 512, 0, 512), (0, 512, 512, 1024)}
    assert [box in on_view for box in asked] == [True, True, True, True, False]


def test_a_part_off_view_is_smaller_and_only_due_once_a_sweep():
    coverage = Coverage(PLANE)
    for box in ((0, 512, 0, 512), (0, 512, 512, 1024)):
        coverage.mark(box, (1, 49), step=1)
    part, sweep = ask(coverage, LEARNING, Sweep((1, 49), looks_off_view=True))
    y0, y1, x0, x1 = part.box
    assert (y1 - y0, x1 - x0) == (256, 256)
    assert y0 >= 512 or x0 >= 1024
    assert sweep == Sweep((1, 49), looks_off_view=False)
    part, sweep = ask(coverage, LEARNING, sweep)
    assert part.box in {(0, 512, 0, 512), (0, 512, 512, 1024)}
    assert sweep == Sweep((1, 50), looks_off_view=True)


def test_the_surroundings_of_a_new_stroke_come_first():
    coverage = Coverage(PLANE)
    news = learning(strokes_sent=8, strokes_learnt=8)
    view = dataclasses.replace(VIEW, step=2, last_stroke=(200, 210, 300, 340))
    part, sweep = next_part(coverage, view, news, SHOWN, Sweep())
    y0, y1, x0, x1 = part.box
    assert y0 <= 200 - 96 < 210 + 96 <= y1
    assert x0 <= 300 - 96 < 340 + 96 <= x1
    assert part.step == 2
    assert sweep.oldest_state == news.state
    # Off view, or before anything is shown, the sweep begins as usual.
    elsewhere = dataclasses.replace(view, last_stroke=(1500, 1510, 0, 40))
    for other, shown in ((elsewhere, SHOWN), (view, Shown())):
        part, _ = next_part(coverage, other, news, shown, Sweep())
        assert part.box[:2] == (0, 512)
        assert part.box[3] - part.box[2] > 256


def test_when_idle_the_view_comes_coarse_then_exact_then_the_whole_plane():
    coverage = Coverage((1024, 1024))
    view = View((0, 512, 0, 512), step=4)
    asked = []
    while True:
        part, sweep = ask(coverage, IDLE, Sweep(), view=view)
        assert sweep == Sweep()
        if part is None:
            break
        asked.append(part)
    assert asked[:2] == [
        PreviewPart((0, 512, 0, 512), 4),
        PreviewPart((0, 512, 0, 512), 1),
    ]
    assert sorted(part.box for part in asked[2:]) == [
        (0, 512, 512, 1024),
        (512, 1024, 0, 512),
        (512, 1024, 512, 1024),
    ]
    assert {part.step for part in asked[2:]} == {1}


def test_nothing_is_due_where_everything_on_view_shows_the_present_state():
    coverage = Coverage((MAX_PART_SIDE_VALUES, MAX_PART_SIDE_VALUES))
    view = View(coverage.whole)
    part, sweep = ask(coverage, LEARNING, Sweep(), view=view)
    assert part == PreviewPart(coverage.whole, 1)
    part, sweep = ask(coverage, LEARNING, sweep, view=view)
    assert part is None
    assert sweep == Sweep(LEARNING.state, looks_off_view=True)

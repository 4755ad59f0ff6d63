"""Every way of painting reaches the engine, and soon."""

from __future__ import annotations

import time

import numpy as np
import pytest

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import SetStrokes, Train
from napari_garage_unet.session.training.live_model import Phase

PROMISED = 0.5
"""Seconds from the lifting of the brush to the engine."""

WAYS = {
    "brush": lambda layer: layer.paint((30, 10), 1),
    "fill": lambda layer: layer.fill((30, 10), 2),
    "polygon": lambda layer: layer.paint_polygon(
        [(20, 10), (20, 20), (30, 20), (30, 10)], 1
    ),
    "erase": lambda layer: layer.paint((6, 10), 0),
    "undo": lambda layer: layer.undo(),
    "redo": lambda layer: layer.redo(),
    "array": lambda layer: layer.data_setitem((np.array([33]), np.array([3])), 2),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_painted_reaches_the_engine_in_time(painted, engine, run, way):
    layer = painted.images.current.strokes
    layer.paint((15, 15), 1)
    if way == "redo":
        layer.undo()
    run(lambda: bool((painted.images.current.watch.seen == layer.data).all()))
    assert painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    before = layer.data.copy()
    sent = len(engine.sent(SetStrokes))
    WAYS[way](layer)
    begin = time.monotonic()
    assert not np.array_equal(layer.data, before)
    run(lambda: len(engine.sent(SetStrokes)) > sent)
    assert time.monotonic() - begin < PROMISED
    (strokes,) = engine.strokes.values()
    assert np.array_equal(strokes, layer.data)
    assert len(engine.sent(Train)) == 1


def test_a_lifted_brush_is_followed_with_the_next_poll(painted, engine):
    painted.learn()
    while painted.live.phase is not Phase.LEARNING:
        painted.poll()
    sent = len(engine.sent(SetStrokes))
    painted.images.current.strokes.paint((30, 10), 1)
    painted.poll()
    painted.poll()
    assert len(engine.sent(SetStrokes)) == sent + 1


def test_only_the_box_of_a_stroke_is_sent_while_learning(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    first = engine.sent(SetStrokes)[-1]
    assert (first.box, first.follows) == (None, 0)
    layer = painted.images.current.strokes
    layer.data_setitem((np.array([33, 33, 34]), np.array([3, 4, 9])), 2)
    run(lambda: len(engine.sent(SetStrokes)) == 2)
    edit = engine.sent(SetStrokes)[-1]
    assert edit.box == ((33, 35), (3, 10))
    assert edit.follows == first.id
    assert edit.array.shape == (2, 7)
    (strokes,) = engine.strokes.values()
    np.testing.assert_array_equal(strokes, layer.data)


def test_after_a_lost_message_all_strokes_are_sent_again(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    layer = painted.images.current.strokes
    engine.strokes_ids.clear()  # as if the engine had missed what was sent last
    layer.data_setitem((np.array([33]), np.array([3])), 2)
    run(lambda: len(engine.sent(SetStrokes)) == 3)
    missed, again = engine.sent(SetStrokes)[-2:]
    assert missed.box is not None
    assert (again.box, again.follows) == (None, 0)
    run(lambda: painted.job.strokes_learnt == again.id)
    (strokes,) = engine.strokes.values()
    np.testing.assert_array_equal(strokes, layer.data)
    layer.data_setitem((np.array([34]), np.array([3])), 2)
    run(lambda: len(engine.sent(SetStrokes)) == 4)
    assert engine.sent(SetStrokes)[-1].follows == again.id


def test_learning_by_itself_wakes_rests_and_says_so(painted, engine, run):
    painted.learns_by_itself = True
    layer = painted.images.current.strokes
    layer.paint((15, 15), 1)
    run(lambda: painted.live.phase is Phase.LEARNING)
    assert painted.hint == "Learning: paint where the preview is wrong."
    run(lambda: painted.job.strokes_learnt == painted.job.strokes_sent)
    engine.finish(StopReason.SETTLED)
    run(lambda: not painted.live.is_running)
    assert painted.hint == "Nothing improves any more; resting. Paint to go on."
    run(polls=10)
    assert len(engine.sent(Train)) == 1
    for number, way in enumerate(("brush", "undo", "redo", "erase"), start=2):
        WAYS[way](layer)
        run(lambda n=number: len(engine.sent(Train)) == n)
        run(lambda: painted.job.strokes_learnt == painted.job.strokes_sent)
        engine.finish(StopReason.SETTLED)
        run(lambda: not painted.live.is_running)


def test_without_being_asked_to_it_says_that_there_are_new_strokes(
    painted, engine, run
):
    painted.learn()
    run(lambda: painted.live.step > 1)
    engine.finish(StopReason.SETTLED)
    run(lambda: not painted.live.is_running)
    painted.images.current.strokes.paint((30, 10), 1)
    run(lambda: painted.hint.startswith("New strokes: press Learn"))
    run(polls=10)
    assert len(engine.sent(Train)) == 1


def test_a_stroke_that_comes_after_the_last_step_wakes_it_again(painted, engine, run):
    painted.learns_by_itself = True
    painted.learn()
    run(lambda: painted.live.step > 1)
    sent = len(engine.sent(SetStrokes))
    painted.images.current.strokes.paint((15, 15), 1)
    while len(engine.sent(SetStrokes)) == sent:
        painted.poll()
    engine.finish(StopReason.SETTLED)
    painted.poll()
    run(lambda: len(engine.sent(Train)) == 2)
    run(lambda: painted.job.strokes_learnt == painted.job.strokes_sent)


def test_who_presses_stop_has_rest_until_the_next_stroke(painted, engine, run):
    painted.learns_by_itself = True
    painted.learn()
    run(lambda: painted.live.step > 1)
    layer = painted.images.current.strokes
    layer.paint((15, 15), 1)
    painted.images.current.look_at_all()
    assert painted.job.is_behind(painted.images.current)
    painted.stop()
    run(lambda: not painted.live.is_running)
    run(polls=20)
    assert len(engine.sent(Train)) == 1
    layer.paint((30, 10), 1)
    run(lambda: len(engine.sent(Train)) == 2)

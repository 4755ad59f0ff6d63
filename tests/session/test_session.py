from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils._proxies import PublicOnlyProxy

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    CloseImage,
    SaveModel,
    SetStrokes,
    Stop,
    Train,
)
from napari_garage_unet.session import close_session, get_session
from napari_garage_unet.session.training.live_model import Phase


def test_a_viewer_and_its_proxy_share_one_session(viewer, session):
    assert get_session(PublicOnlyProxy(viewer)) is session


def test_two_viewers_have_sessions_of_their_own(viewer, session, engine):
    other = ViewerModel()
    second = get_session(other, make_client=lambda: engine)
    try:
        viewer.add_image(np.zeros((8, 8)))
        assert second is not session
        assert second.images.current is None
        assert session.images.current is not None
    finally:
        close_session(other)


def test_the_session_does_not_keep_its_viewer_alive(engine):
    viewer = ViewerModel()
    session = get_session(viewer, make_client=lambda: engine)
    session.warm_up()
    gone = weakref.ref(viewer)
    del viewer
    gc.collect()
    assert gone() is None
    assert engine.closed


def test_the_hint_leads_from_nothing_to_learning(viewer, session, run, halves):
    assert session.hint == "Open an image to start."
    viewer.add_image(halves)
    assert "strokes layer is made" in session.hint
    layer = session.paint(1)
    layer.paint((5, 5), 1)
    run(lambda: session.counts.get(1, 0) > 0)
    assert session.hint == "Paint a stroke of a second class."
    layer.paint((5, 50), 2)
    run(lambda: len(session.counts) == 2)
    assert session.hint.startswith("Ready: press Learn")


def test_picking_a_class_picks_up_its_brush(viewer, session, halves):
    viewer.add_image(halves, name="halves")
    layer = session.paint(2)
    assert viewer.layers.selection.active is layer
    assert layer.mode == "paint"
    assert layer.selected_label == 2


def test_undone_strokes_are_not_counted(painted, run):
    layer = painted.images.current.strokes
    before = painted.counts
    layer.paint((30, 10), 1)
    run(lambda: painted.counts != before)
    layer.undo()
    run(lambda: painted.counts == before)


def test_painting_with_a_new_id_makes_a_class(painted, run):
    painted.images.current.strokes.paint((30, 10), 7)
    run(lambda: 7 in painted.classes)
    assert painted.classes[7].name == "class 7"


def test_learning_sends_image_strokes_and_painted_classes(painted, engine, run):
    assert painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    (train,) = engine.sent(Train)
    assert [c["id"] for c in train.classes] == [1, 2]
    (key,) = train.keys
    assert np.array_equal(engine.strokes[key], painted.images.current.strokes.data)
    assert engine.images[key].axes == "yx"


def test_a_stroke_painted_while_learning_reaches_the_engine(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    sent = len(engine.sent(SetStrokes))
    layer = painted.images.current.strokes
    layer.paint((30, 10), 1)
    run(lambda: len(engine.sent(SetStrokes)) > sent)
    (strokes,) = engine.strokes.values()
    assert np.array_equal(strokes, layer.data)
    assert len(engine.sent(Train)) == 1


def test_learning_from_one_class_is_refused_with_a_sentence(viewer, session, halves):
    viewer.add_image(halves)
    layer = session.paint(2)
    layer.paint((5, 5), 2)
    assert not session.learn()
    assert "All strokes are of the class class 2" in session.hint
    assert not session.live.is_running
    assert layer.data.any()


def test_learning_from_nothing_is_refused_with_a_sentence(viewer, session, halves):
    viewer.add_image(halves)
    session.strokes_layer()
    assert not session.learn()
    assert session.hint.startswith("Nothing is painted yet")


def test_learning_again_goes_on_from_what_was_learnt(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.step >= 3)
    painted.stop()
    run(lambda: not painted.live.is_running)
    seconds = painted.job.history.seconds[-1]
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    first, second = engine.sent(Train)
    assert not first.resume
    assert second.resume
    assert painted.job.history.seconds[-1] > seconds


def test_starting_over_forgets_what_was_learnt(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.step >= 2)
    painted.stop()
    run(lambda: not painted.live.is_running)
    painted.start_over()
    painted.learn()
    assert not engine.sent(Train)[-1].resume


def test_learning_by_itself_begins_with_the_second_class(viewer, session, run, halves):
    viewer.add_image(halves)
    session.learns_by_itself = True
    layer = session.paint(1)
    layer.paint((5, 5), 1)
    run(lambda: bool(session.counts))
    assert not session.live.is_running
    layer.paint((5, 50), 2)
    run(lambda: session.live.phase is Phase.LEARNING)


def test_learning_by_itself_rests_until_something_is_painted(painted, engine, run):
    painted.learns_by_itself = True
    painted.learn()
    run(lambda: painted.live.step >= 2)
    engine.finish(StopReason.TIME)
    run(lambda: not painted.live.is_running)
    run(polls=5)
    assert len(engine.sent(Train)) == 1
    painted.images.current.strokes.paint((30, 10), 1)
    run(lambda: len(engine.sent(Train)) == 2)


@pytest.mark.parametrize("what", ["image", "strokes"])
def test_a_layer_deleted_while_learning_stops_it_with_a_sentence(
    painted, viewer, engine, run, what
):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    current = painted.images.current
    viewer.layers.remove(current.layer if what == "image" else current.strokes)
    assert "was deleted" in painted.hint
    run(lambda: not painted.live.is_running)
    assert len(engine.sent(Stop)) == 1
    assert len(engine.sent(CloseImage)) == (1 if what == "image" else 0)


def test_a_dead_engine_is_a_message_and_a_restart_goes_on(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    strokes = painted.images.current.strokes.data.copy()
    engine.die()
    run(lambda: painted.problem is not None)
    assert painted.problem.can_restart
    assert painted.problem.details == "exit code -9"
    assert not painted.live.is_running
    painted.restart()
    run(lambda: painted.live.phase is Phase.LEARNING)
    assert engine.starts == 2
    assert painted.problem is None
    assert np.array_equal(painted.images.current.strokes.data, strokes)


def test_a_restart_goes_on_from_the_last_checkpoint(painted, engine, run):
    painted.learn()
    run(lambda: painted.live.step >= 2)
    checkpoint = engine.sent(Train)[0].checkpoint
    open(checkpoint, "wb").close()
    engine.die()
    run(lambda: painted.problem is not None)
    painted.restart()
    again = engine.sent(Train)[-1]
    assert again.start_from == checkpoint
    assert not again.resume


def test_saving_takes_the_tuned_rules_along(painted, engine, run, tmp_path):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    (result,) = painted.results
    from napari_garage_unet.engine.labels.rules import ClassRule

    painted.tuner.tune(result, 2, ClassRule(threshold=0.8))
    painted.save_model(LIVE, tmp_path / "mine")
    (save,) = engine.sent(SaveModel)
    assert save.path == str(tmp_path / "mine.garage")
    assert save.rules["2"]["threshold"] == 0.8


def test_saving_takes_the_names_of_now_along(painted, engine, run, tmp_path):
    painted.learn()
    run(lambda: painted.live.step >= 1)
    painted.classes.rename(2, "tyre")
    painted.save_model(LIVE, tmp_path / "mine")
    (save,) = engine.sent(SaveModel)
    assert {info["id"]: info["name"] for info in save.classes}[2] == "tyre"


def test_loading_a_missing_model_is_one_sentence(session, tmp_path):
    assert session.load_model(tmp_path / "nothing.garage") is None
    assert "There is no model file" in session.hint


def test_closing_ends_the_engine(session, engine, viewer):
    session.warm_up()
    close_session(viewer)
    assert engine.closed
    session.poll()


def test_strokes_on_planes_that_are_not_on_view_are_counted_too(
    viewer, session, run, halves
):
    viewer.add_image(np.stack([halves] * 6), name="stack")
    layer = session.strokes_layer()
    viewer.dims.set_point(0, 0)
    layer.n_edit_dimensions = 3
    layer.brush_size = 5
    layer.paint((3, 10, 10), 2)
    run(lambda: bool(session.counts))
    run(lambda: session.counts == {2: int((layer.data == 2).sum())})
    assert len(np.flatnonzero(layer.data.any(axis=(1, 2)))) > 1


def test_strokes_painted_while_others_are_on_their_way_are_sent_after_them(
    painted, engine, run
):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    layer = painted.images.current.strokes
    engine.holds_strokes = True
    layer.paint((30, 10), 1)
    run(lambda: len(engine.strokes_held) == 1)
    layer.paint((35, 50), 2)
    run(lambda: painted.counts[2] > 60)
    run(polls=5)
    assert len(engine.strokes_held) == 1
    engine.release_strokes()
    run(lambda: len(engine.sent(SetStrokes)) == 3)
    (strokes,) = engine.strokes.values()
    assert np.array_equal(strokes, layer.data)


def test_the_engine_gets_the_image_before_anybody_asks_to_learn(
    viewer, session, engine, run, halves
):
    image = viewer.add_image(halves, name="halves")
    session.warm_up()
    run(lambda: len(engine.images) == 1)
    image.data = halves[:20]
    run(polls=2)
    (pixels,) = engine.images.values()
    assert pixels.data.shape == (20, 60)


def test_a_stack_is_not_read_before_it_is_needed(viewer, session, engine, run, halves):
    viewer.add_image(np.stack([halves] * 3))
    session.warm_up()
    run(polls=5)
    assert not engine.images


def test_strokes_learnt_while_painting_are_not_called_new_afterwards(
    painted, engine, run
):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    painted.images.current.strokes.paint((30, 10), 1)
    run(lambda: len(engine.sent(SetStrokes)) == 2)
    run(polls=2)
    engine.finish(StopReason.SETTLED)
    run(lambda: not painted.live.is_running)
    assert painted.hint.startswith("Nothing improves any more; resting.")
    painted.images.current.strokes.paint((33, 50), 2)
    run(lambda: painted.hint.startswith("New strokes"))

"""What people do to layers while something is being learnt."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from synchronous_engine import SynchronousEngine

from napari_garage_unet.layers.metadata import plugin_metadata
from napari_garage_unet.process.protocol.messages import OpenImage, SetStrokes, Train
from napari_garage_unet.session import close_session, get_session
from napari_garage_unet.session.training.live_model import Phase


@pytest.fixture
def learning(painted, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING and painted.preview.shown > 0)
    return painted


def step_on(session, run):
    step = session.live.step
    run(lambda: session.live.step > step + 2)


def test_renamed_layers_stay_what_they_are(learning, viewer, engine, run):
    current = learning.images.current
    preview = learning.results.preview_of(current).layer
    viewer.layers["halves"].name = "night"
    current.strokes.name = "my paint"
    step_on(learning, run)
    assert learning.images.current is current
    assert current.name == "night"
    assert learning.problem is None
    assert learning.results.preview_of(current).layer is preview
    current.strokes.data[30:33, 5:25] = 1
    current.strokes.refresh()
    sent = len(engine.sent(SetStrokes))
    run(lambda: len(engine.sent(SetStrokes)) > sent)
    assert (engine.strokes[current.key] == current.strokes.data).all()


def test_strokes_find_an_image_that_was_renamed(learning, viewer):
    current = learning.images.current
    strokes = current.strokes
    viewer.layers["halves"].name = "night"
    assert plugin_metadata(strokes)["image"] == "night"
    learning.images.choose_strokes(None)
    viewer.add_image(np.zeros((40, 60), np.uint8), name="halves")
    learning.images.choose(viewer.layers["halves"])
    assert learning.images.current.strokes is None
    learning.images.choose(viewer.layers["night"])
    assert learning.images.current.strokes is strokes


def test_deleting_the_strokes_stops_learning_and_keeps_what_was_learnt(
    learning, viewer, run
):
    viewer.layers.remove(learning.images.current.strokes)
    run(lambda: not learning.live.is_running)
    assert "was deleted, so learning stops" in learning.hint
    assert learning.live.has_model
    assert learning.counts == {}
    run(lambda: len(learning.versions) == 1)


def test_deleting_the_image_stops_learning_and_keeps_what_was_learnt(
    learning, viewer, run
):
    viewer.layers.remove("halves")
    run(lambda: not learning.live.is_running)
    assert "'halves' was deleted, so learning stops" in learning.hint
    assert learning.images.current is None
    assert learning.live.has_model
    run(polls=10)


def test_another_image_added_while_learning_changes_nothing(
    learning, viewer, engine, run, halves
):
    current = learning.images.current
    other = viewer.add_image(255 - halves, name="other")
    step_on(learning, run)
    assert learning.images.current is current
    assert learning.job.images == (current,)
    # What is painted on it is learnt with the next training.
    learning.images.choose(other)
    layer = learning.strokes_layer()
    layer.data[5:8, 5:25] = 2
    layer.refresh()
    run(lambda: learning.images.current.counts == {2: 60})
    assert layer is not current.strokes
    learning.stop()
    run(lambda: not learning.live.is_running)
    assert learning.live.has_new_strokes
    learning.learn()
    assert len(engine.sent(Train)[-1].keys) == 2


def test_strokes_that_are_replaced_are_learnt_from(learning, engine, run):
    current = learning.images.current
    replaced = np.zeros((40, 60), np.uint8)
    replaced[20:22, 5:25], replaced[20:22, 35:55] = 1, 2
    current.strokes.data = replaced
    run(lambda: learning.counts == {1: 40, 2: 40})
    run(lambda: np.array_equal(engine.strokes[current.key], replaced))
    assert learning.live.phase is Phase.LEARNING


def test_strokes_replaced_by_some_of_another_shape_are_a_sentence(learning, run):
    current = learning.images.current
    current.strokes.data = np.zeros((7, 9), np.uint8)
    run(lambda: learning.problem is not None)
    assert "(40, 60)" in learning.hint
    assert "(7, 9)" in learning.hint
    run(polls=10)
    assert current.strokes is None


def test_undo_and_redo_reach_the_engine_while_it_learns(learning, engine, run):
    current = learning.images.current
    layer = current.strokes
    before = layer.data.copy()
    layer.brush_size = 3
    layer.paint((30, 50), 2)
    after = layer.data.copy()
    assert not np.array_equal(before, after)
    run(lambda: np.array_equal(engine.strokes[current.key], after))
    layer.undo()
    run(lambda: np.array_equal(engine.strokes[current.key], before))
    assert learning.counts == {1: 60, 2: 60}
    layer.redo()
    run(lambda: np.array_equal(engine.strokes[current.key], after))
    assert learning.live.phase is Phase.LEARNING


def test_pixels_that_are_replaced_are_given_to_the_engine_anew(
    learning, viewer, engine, run
):
    current = learning.images.current
    turned = viewer.layers["halves"].data[:, ::-1].copy()
    viewer.layers["halves"].data = turned
    run(lambda: not learning.live.is_running)
    assert "pixels of 'halves' were replaced, so learning stops" in learning.hint
    learning.learn()
    run(lambda: learning.live.phase is Phase.LEARNING)
    assert len(engine.sent(OpenImage)) >= 2
    assert np.array_equal(engine.images[current.key].plane(())[..., 0], turned)
    assert learning.problem is None


def test_two_viewers_learn_apart_and_one_outlives_the_other(halves, run):
    viewers = [ViewerModel(), ViewerModel()]
    engines = [SynchronousEngine(), SynchronousEngine()]
    sessions = [
        get_session(viewer, make_client=lambda e=engine: e)
        for viewer, engine in zip(viewers, engines, strict=True)
    ]
    try:
        for viewer, session, row in zip(viewers, sessions, (5, 20), strict=True):
            viewer.add_image(halves, name="halves")
            layer = session.strokes_layer()
            layer.data[row, 5:25], layer.data[row, 35:55] = 1, 2
            layer.refresh()
            assert session.learn()
            for _ in range(5):
                session.poll()
            assert session.live.phase is Phase.LEARNING
        for engine, row in zip(engines, (5, 20), strict=True):
            (strokes,) = engine.strokes.values()
            assert list(np.flatnonzero(strokes.any(axis=1))) == [row]
        folders = {s.keeper.own.ensure().path for s in sessions}
        assert len(folders) == 2
        close_session(viewers[0])
        assert (engines[0].closed, engines[1].closed) == (True, False)
        step = sessions[1].live.step
        for _ in range(5):
            sessions[1].poll()
        assert sessions[1].live.step == step + 5
        assert sessions[1].problem is None
    finally:
        for viewer in viewers:
            close_session(viewer)


def test_an_image_whose_pixels_become_a_stack_while_its_model_is_shown(
    painted, viewer, halves, run
):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    painted.images.current.layer.data = np.stack([halves] * 7)
    run(lambda: not painted.live.is_running)
    run(polls=20)
    assert painted.images.current.spatial_shape == (7, 40, 60)
    assert "Your strokes stay in 'strokes'" in painted.hint


@pytest.mark.parametrize("is_deleted", [False, True], ids=["chosen", "deleted"])
def test_other_channels_leave_no_preview_of_the_former_ones(
    painted, viewer, halves, run, is_deleted
):
    first = painted.images.current.layer
    second = viewer.add_image(halves.copy(), name="second")
    if is_deleted:
        painted.images.choose_channels([first, second])
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    if is_deleted:
        viewer.layers.remove(second)
    else:
        painted.images.choose_channels([first, second])
    assert "halves (preview)" not in viewer.layers
    assert painted.hint.startswith("The channels of 'halves' are others now, so")
    run(lambda: not painted.live.is_running)
    shown = painted.preview.shown
    painted.learn()
    run(lambda: painted.preview.shown > shown)
    assert [layer.name for layer in viewer.layers].count("halves (preview)") == 1
    assert "halves (preview) 2" not in viewer.layers

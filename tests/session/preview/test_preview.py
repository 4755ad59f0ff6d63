from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import Cancel, Predict
from napari_garage_unet.session.training.live_model import Phase


def preview_of(session):
    return session.results.preview_of(session.images.current)


def test_the_preview_is_a_quiet_labels_layer_under_the_strokes(painted, viewer, run):
    painted.paint(2)
    active, mode = viewer.layers.selection.active, viewer.layers.selection.active.mode
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    layer = preview_of(painted).layer
    names = [layer.name for layer in viewer.layers]
    assert names == ["halves", "halves (preview)", "strokes"]
    assert viewer.layers.selection.active is active
    assert active.mode == mode == "paint"
    assert layer.editable is False
    assert 0.3 < layer.opacity < 0.7
    assert layer.data.dtype == np.uint8


def test_the_preview_shows_ids_and_hides_the_background(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    layer = preview_of(painted).layer
    assert np.all(layer.data[:, :30] == 1)
    assert np.all(layer.data[:, 30:] == 2)
    assert layer.get_color(1)[3] == 0
    assert layer.get_color(2)[3] == 1


def test_at_most_one_preview_is_asked_for_at_a_time(painted, engine, run):
    engine.holds_predictions = True
    painted.learn()
    run(polls=20)
    assert len(engine.sent(Predict)) == 1
    engine.holds_predictions = False
    run(lambda: painted.preview.shown >= 3)
    assert engine.most_waiting == 1


def test_the_preview_rests_when_it_shows_the_last_state(painted, engine, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    painted.stop()
    run(lambda: not painted.live.is_running)
    run(polls=5)
    asked = len(engine.sent(Predict))
    run(polls=20)
    assert len(engine.sent(Predict)) == asked


def test_refreshing_keeps_what_a_person_set(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    layer = preview_of(painted).layer
    layer.visible, layer.opacity, layer.contour = False, 0.9, 2
    data = layer.data
    shown = painted.preview.shown
    painted.classes.rename(2, "bright")
    run(lambda: painted.preview.shown > shown + 1)
    assert (layer.visible, layer.opacity, layer.contour) == (False, 0.9, 2)
    assert layer.data is data
    assert not layer.editable


def test_an_older_state_never_replaces_a_newer_one(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    result = preview_of(painted)
    newest = result.state_of(())
    shown = result.layer.data.copy()
    other = 255 - result.probabilities(())
    assert not result.put((), other, state=(newest[0], newest[1] - 1))
    assert np.array_equal(result.layer.data, shown)
    assert result.put((), other, state=(newest[0], newest[1] + 1))
    assert not np.array_equal(result.layer.data, shown)


def test_the_preview_follows_the_plane_on_view(viewer, session, run, halves):
    stack = np.stack([halves, halves[:, ::-1], halves])
    viewer.add_image(stack, name="stack", axis_labels=("z", "y", "x"))
    layer = session.strokes_layer()
    layer.data[0, 5:8, 5:25] = 1
    layer.data[0, 5:8, 35:55] = 2
    session.images.current.look_at_all()
    viewer.dims.set_point(0, 0)
    session.learn()
    run(lambda: session.preview.shown > 0)
    result = preview_of(session)
    assert result.planes == ((0,),)
    viewer.dims.set_point(0, 1)
    run(lambda: (1,) in result.planes)
    assert np.all(result.layer.data[1, :, :30] == 2)
    assert not result.layer.data[2].any()


def test_a_deleted_preview_comes_back_with_the_next_training_only(painted, viewer, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    viewer.layers.remove(preview_of(painted).layer)
    run(polls=20)
    assert preview_of(painted) is None
    painted.stop()
    run(lambda: not painted.live.is_running)
    painted.learn()
    run(lambda: preview_of(painted) is not None)


def test_tuning_while_learning_holds_for_the_next_preview(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    result = preview_of(painted)
    painted.tuner.tune(result, 2, ClassRule(threshold=1.0))
    shown = painted.preview.shown
    run(lambda: painted.preview.shown > shown)
    assert painted.live.phase is Phase.LEARNING
    assert result.rule(2).threshold == 1.0


@pytest.fixture
def wide(viewer, session, run):
    """A session that learns from an image much larger than what is on view."""
    pixels = np.full((900, 1400), 20, np.uint8)
    pixels[:, 700:] = 220
    image = viewer.add_image(pixels, name="wide")
    layer = session.strokes_layer()
    layer.data[5:8, 5:25] = 1
    layer.data[5:8, 805:855] = 2
    session.images.current.look_at_all()
    image.corner_pixels = np.array([[100, 300], [400, 800]])
    return session


def test_what_is_on_view_comes_first_and_then_the_rest(wide, engine, run):
    assert wide.learn()
    run(lambda: wide.preview.shown > 0)
    first = engine.sent(Predict)[0]
    y0, y1, x0, x1 = first.box
    assert y0 <= 100 < 400 <= y1
    assert x0 <= 300 < 800 <= x1
    assert (y1 - y0) * (x1 - x0) < 0.3 * 900 * 1400
    result = preview_of(wide)
    assert not result.layer.data[700:].any()
    wide.stop()
    run(lambda: not wide.live.is_running)
    run(lambda: bool(result.layer.data.all()))
    assert np.all(result.layer.data[:, :700] == 1)
    assert np.all(result.layer.data[:, 700:] == 2)
    assert engine.most_waiting == 1


def test_a_view_from_afar_is_coarse_while_learning_and_exact_at_rest(
    wide, viewer, engine, run
):
    viewer.scene.camera.zoom = 0.25
    wide.images.current.layer.corner_pixels = np.array([[0, 0], [900, 1400]])
    assert wide.learn()
    run(lambda: wide.preview.shown > 3)
    assert {request.pixel_step for request in engine.sent(Predict)} == {4}
    assert preview_of(wide).layer.data.all()
    wide.stop()
    run(lambda: not wide.live.is_running)
    run(polls=20)
    assert engine.sent(Predict)[-1].pixel_step == 1


def test_the_surroundings_of_a_new_stroke_are_shown_first(wide, engine, run):
    wide.images.current.layer.corner_pixels = np.array([[0, 0], [900, 1400]])
    wide.learn()
    run(lambda: wide.preview.shown > 0)
    layer = wide.images.current.strokes
    shown = []
    wide.preview.refreshed.connect(
        lambda result, index, box: shown.append((wide.preview.strokes_shown, box))
    )
    sent = wide.job.strokes_sent
    layer.paint((600, 1200), 1)
    run(lambda: wide.preview.strokes_shown > sent)
    with_it = next(box for number, box in shown if number > sent)
    assert with_it[0] < 600 < with_it[1] <= 900
    assert with_it[1] - with_it[0] < 400
    assert with_it[2] < 1200 < with_it[3]


def test_the_preview_is_hidden_as_long_as_it_is_compared(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    layer = preview_of(painted).layer
    painted.preview.compare(painted.images.current, hide=True)
    assert not layer.visible
    shown = painted.preview.shown
    run(lambda: painted.preview.shown > shown)
    assert not layer.visible
    painted.preview.compare(None, hide=False)
    assert layer.visible
    layer.visible = False
    painted.preview.compare(painted.images.current, hide=True)
    painted.preview.compare(None, hide=False)
    assert not layer.visible


def test_a_preview_that_a_new_stroke_has_outdated_is_withdrawn(painted, engine, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    engine.holds_predictions = True
    run(lambda: engine.predictions_held == 1)
    painted.images.current.strokes.paint((30, 10), 2)
    run(lambda: len(engine.sent(Cancel)) == 1)
    engine.holds_predictions = False
    sent = painted.job.strokes_sent
    run(lambda: painted.preview.strokes_shown >= sent)
    assert painted.problem is None


def test_the_curve_tells_how_much_of_a_new_stroke_was_wrong_before(painted, run):
    layer = painted.images.current.strokes
    layer.paint((20, 10), 1)
    run(lambda: painted.counts[1] > 60)
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    history = painted.job.history
    assert history.corrected == []
    layer.brush_size = 1
    layer.paint((30, 10), 1)
    run(lambda: len(history.corrected) == 1)
    layer.paint((30, 50), 1)
    run(lambda: len(history.corrected) == 2)
    layer.undo()
    run(polls=5)
    assert history.corrected == [0.0, 1.0]
    assert len(history.corrected_at) == 2


def test_nothing_is_asked_before_the_first_step_of_another_training(
    painted, engine, run
):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    engine.finish(StopReason.SETTLED)
    run(lambda: not painted.live.is_running)
    run(polls=10)
    asked = len(engine.sent(Predict))
    assert painted.learn()
    assert painted.live.phase is Phase.STARTING
    painted.preview.ask_next(painted.images.current)
    assert len(engine.sent(Predict)) == asked
    run(lambda: len(engine.sent(Predict)) > asked)

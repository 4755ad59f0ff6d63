from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.rules import ClassRule
from napari_garage_unet.process.messages import Predict
from napari_garage_unet.session.hint import Phase


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
    run(lambda: not painted.job.is_running)
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
    viewer.add_image(stack, name="stack")
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
    run(lambda: not painted.job.is_running)
    painted.learn()
    run(lambda: preview_of(painted) is not None)


def test_tuning_while_learning_holds_for_the_next_preview(painted, run):
    painted.learn()
    run(lambda: painted.preview.shown > 0)
    result = preview_of(painted)
    painted.tuner.tune(result, 2, ClassRule(threshold=1.0))
    shown = painted.preview.shown
    run(lambda: painted.preview.shown > shown)
    assert painted.job.phase is Phase.LEARNING
    assert result.rule(2).threshold == 1.0

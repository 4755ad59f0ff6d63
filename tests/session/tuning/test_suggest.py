"""Thresholds that fit the strokes."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import balls, levels_of, make_result

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.engine.suggestions.suggest import MAX_COMPARED_PIXELS
from napari_garage_unet.session.tuning.suggest import suggest_rules

CENTRES = [(20, 20), (20, 60), (50, 40)]


def faint():
    """Balls that are seldom the most likely class: 0.5 at most."""
    return balls((70, 80), CENTRES) * 0.55


def picture_of(cell):
    return np.rint(cell * 255).astype(np.uint8)


def paint_plane(strokes, truth):
    strokes[20:23, :][truth[20:23] > 0.25] = 2
    strokes[48:54, :][truth[48:54] > 0.25] = 2
    strokes[0:3, :] = 1
    strokes[66:70, :] = 1


@pytest.fixture
def plane(viewer, session):
    cell = faint()
    layer = viewer.add_image(picture_of(cell), name="plane")
    return make_result(viewer, session, layer, levels_of(cell))


def make_stack(viewer, session, axis, *, planes=None):
    cell = np.stack([faint()] * 4)
    layer = viewer.add_image(
        picture_of(cell), name="stack", axis_labels=(axis, "y", "x")
    )
    return make_result(viewer, session, layer, levels_of(cell), planes=planes)


@pytest.fixture(params=["t", "z"])
def stack(request, viewer, session):
    return make_stack(viewer, session, request.param)


@pytest.fixture
def pyramid(viewer, session):
    cell = faint()
    levels = [picture_of(cell), picture_of(cell)[::2, ::2]]
    layer = viewer.add_image(levels, multiscale=True, name="pyramid")
    return make_result(viewer, session, layer, levels_of(cell))


def test_a_suggestion_finds_what_plain_argmax_misses(session, plane):
    paint_plane(session.strokes_layer().data, faint())
    suggestion = suggest_rules(plane)
    rule = suggestion.rules[2]
    assert rule.threshold < 0.35
    assert suggestion.thresholds.gain > 0.2
    session.tuner.set_rules(plane, suggestion.rules)
    painted = session.images.current.strokes.data
    assert (plane.layer.data[painted == 2] == 2).mean() > 0.95
    assert (plane.layer.data[painted == 1] == 1).mean() > 0.95


def test_strokes_in_some_planes_decide_all(session, stack, run):
    strokes = session.strokes_layer().data
    paint_plane(strokes[1], faint())
    suggestion = suggest_rules(stack)
    session.tuner.set_rules(stack, suggestion.rules)
    run(lambda: not stack.n_outdated)
    for plane in stack.layer.data:
        np.testing.assert_array_equal(plane, stack.layer.data[1])
    assert (stack.layer.data[0][faint() > 0.3] == 2).mean() > 0.9


def test_strokes_on_a_pyramid_are_those_of_its_finest_level(session, pyramid):
    paint_plane(session.strokes_layer().data, faint())
    assert suggest_rules(pyramid).thresholds.gain > 0.2


def test_nothing_changes_before_it_is_accepted(session, plane):
    paint_plane(session.strokes_layer().data, faint())
    before = plane.layer.data.copy()
    suggest_rules(plane)
    np.testing.assert_array_equal(plane.layer.data, before)
    assert plane.rules == {}


def test_an_accepted_suggestion_can_be_undone(session, plane):
    paint_plane(session.strokes_layer().data, faint())
    before = plane.layer.data.copy()
    session.tuner.set_rules(plane, suggest_rules(plane).rules)
    session.tuner.note(plane)
    session.tuner.undo(plane)
    np.testing.assert_array_equal(plane.layer.data, before)


def test_without_strokes_it_is_one_sentence(plane):
    with pytest.raises(InputError, match="no strokes to compare with"):
        suggest_rules(plane)


@pytest.mark.parametrize("axis", ["t", "z"])
def test_strokes_on_planes_that_were_not_segmented_are_one_sentence(
    viewer, session, axis
):
    stack = make_stack(viewer, session, axis, planes=[(0,), (1,), (3,)])
    strokes = session.strokes_layer().data
    paint_plane(strokes[2], faint())
    with pytest.raises(InputError, match="No stroke lies on a plane"):
        suggest_rules(stack)


def test_classes_that_the_model_does_not_have_do_not_count(session, plane):
    strokes = session.strokes_layer().data
    paint_plane(strokes, faint())
    expected = suggest_rules(plane).rules
    strokes[30:40, 2:8] = 9
    assert suggest_rules(plane).rules == expected


def test_many_stroke_pixels_are_thinned_out(viewer, session):
    cell = np.tile(faint(), (8, 8))
    layer = viewer.add_image(picture_of(cell), name="large")
    result = make_result(viewer, session, layer, levels_of(cell))
    strokes = session.strokes_layer().data
    strokes[cell > 0.25] = 2
    strokes[cell < 0.05] = 1
    suggestion = suggest_rules(result)
    assert np.count_nonzero(strokes) > MAX_COMPARED_PIXELS
    assert suggestion.thresholds.pixels.sum() <= MAX_COMPARED_PIXELS
    assert suggestion.rules[2].threshold < 0.35


def test_a_rule_with_two_levels_stays_within_its_threshold(session, plane):
    paint_plane(session.strokes_layer().data, faint())
    session.tuner.tune(plane, 2, ClassRule(threshold=0.9, low=0.6))
    rule = suggest_rules(plane).rules[2]
    assert rule.low is None or rule.low <= rule.threshold


def test_smallest_sizes_of_a_volume_are_in_voxels(viewer, session, run):
    cell = balls((24, 40, 40), [(12, 20, 20)], radius=8)
    ball = levels_of(cell)[1] > 127
    layer = viewer.add_image(picture_of(ball), name="v", axis_labels=("z", "y", "x"))
    result = make_result(viewer, session, layer, levels_of(cell))
    strokes = session.strokes_layer().data
    strokes[12, 18:22, 14:26] = 2
    strokes[12, :3] = 1
    suggestion = suggest_rules(result)
    assert suggestion.min_sizes[2] == pytest.approx(
        np.count_nonzero(ball) / 10, rel=0.1
    )
    assert suggestion.min_sizes[2] > np.count_nonzero(ball[12]) / 2
    session.tuner.set_rules(result, suggestion.rules)
    run(lambda: not result.n_outdated)
    found = np.count_nonzero(result.layer.data == 2)
    assert found == pytest.approx(np.count_nonzero(ball), rel=0.1)


def test_unseen_strokes_are_asked_when_the_file_of_the_model_knows_some(
    session, plane, tmp_path
):
    paint_plane(session.strokes_layer().data, faint())
    class_ids = np.repeat([1, 2], 90).astype(np.int32)
    own = np.where(class_ids == 2, 200, 20).astype(np.uint8)
    strokes = np.repeat(np.arange(6), 30).astype(np.int32)
    model = Model(
        classes=plane.classes,
        preprocess=PreprocessConfig(),
        network=NetworkConfig(),
        n_channels=1,
        weights={},
        held_out=HeldOutPredictions(np.stack([255 - own, own]), class_ids, strokes),
    )
    path = tmp_path / "model.garage"
    assert not suggest_rules(plane, path).held_out
    model.save(path)
    suggestion = suggest_rules(plane, path)
    assert suggestion.held_out
    assert suggestion.thresholds.pixels.tolist() == [90, 90]
    assert suggestion.thresholds.iou_before == 1

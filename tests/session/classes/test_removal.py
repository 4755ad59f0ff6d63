"""Classes are removed with their strokes and rules, and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.metadata import plugin_metadata
from napari_garage_unet.process.protocol.messages import LIVE, Train
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions

RULES = {2: ClassRule(threshold=0.7), 3: ClassRule(min_size=9)}


@pytest.fixture
def three(painted):
    """A session with strokes and rules of three classes."""
    layer = painted.images.current.strokes
    layer.data[20:23, 5:25] = 3
    painted.images.current.look_at_all()
    painted.classes.follow(painted.counts)
    painted.rename_class(3, "spoon")
    painted.recolor_class(3, "#112233")
    painted.results.set_rules_of(LIVE, RULES, {"strict": RULES})
    return painted


def test_a_class_is_removed_with_its_strokes_and_rules_and_the_others_stay(three):
    before = {info.id: info for info in three.classes}
    three.remove_class(2)
    assert {info.id: info for info in three.classes} == {1: before[1], 3: before[3]}
    assert three.counts == {1: 60, 3: 60}
    assert not (three.images.current.strokes.data == 2).any()
    assert three.results.rules_of(LIVE) == {3: RULES[3]}
    assert three.results.presets_of(LIVE) == {"strict": {3: RULES[3]}}


def test_undo_brings_back_strokes_name_colour_and_rules(three):
    strokes = three.images.current.strokes.data.copy()
    before = list(three.classes)
    three.remove_class(3)
    assert three.removals.last.n_pixels == 60
    three.undo_removal()
    assert list(three.classes) == before
    np.testing.assert_array_equal(three.images.current.strokes.data, strokes)
    assert three.counts == {1: 60, 2: 60, 3: 60}
    assert three.results.rules_of(LIVE) == RULES
    assert three.results.presets_of(LIVE) == {"strict": RULES}
    assert three.removals.last is None


def test_undo_does_not_paint_over_what_came_later(three):
    three.remove_class(3)
    layer = three.images.current.strokes
    layer.data[20, 5:25] = 1
    three.undo_removal()
    assert (layer.data[20, 5:25] == 1).all()
    assert (layer.data[21:23, 5:25] == 3).all()


def test_several_removals_are_undone_one_by_one(three):
    before = list(three.classes)
    three.remove_class(3)
    three.remove_class(2)
    three.undo_removal()
    assert [info.id for info in three.classes] == [1, 2]
    three.undo_removal()
    assert list(three.classes) == before


def test_an_accidental_class_can_be_taken_back(painted):
    before = list(painted.classes)
    painted.remove_class(painted.add_class())
    assert list(painted.classes) == before
    assert not painted.live.has_new_strokes or painted.live.step == 0


def test_a_new_class_with_the_same_id_ends_the_offer_to_undo(three):
    three.remove_class(3)
    assert three.add_class() == 3
    assert three.removals.last is None
    assert three.classes[3].name == "class 3"
    assert 3 not in three.results.rules_of(LIVE)


def test_the_brush_paints_another_class_afterwards(three):
    three.paint(3)
    three.remove_class(3)
    assert three.images.current.strokes.selected_label == 1


def test_the_next_learning_is_without_it(three, engine, run):
    assert three.learn()
    run(lambda: three.live.step > 2)
    three.stop()
    run(lambda: not three.live.is_running)
    three.remove_class(2)
    assert three.live.has_new_strokes
    assert three.learn(), three.hint
    train = engine.sent(Train)[-1]
    assert [info["id"] for info in train.classes] == [1, 3]
    assert [info["name"] for info in train.classes] == ["background", "spoon"]


def test_a_removed_class_stays_away_from_other_images(three, viewer, halves):
    viewer.add_image(halves.copy(), name="second")
    three.images.choose(viewer.layers["second"])
    three.strokes_layer().data[0, :9] = 3
    three.images.current.look_at_all()
    three.remove_class(3)
    assert not any((a.strokes.data == 3).any() for a in three.images)
    assert 3 not in three.classes
    three.undo_removal()
    assert three.counts[3] == 69


def test_a_colour_is_that_of_every_strokes_layer(three, viewer):
    three.recolor_class(2, "#abcdef")
    layer = three.images.current.strokes
    assert three.classes[2].color == "#abcdef"
    expected = np.array([0xAB, 0xCD, 0xEF]) / 255
    assert np.allclose(layer.get_color(2)[:3], expected, atol=1e-3)


def test_a_colour_is_that_of_a_chosen_layer_too(viewer, session, halves):
    viewer.add_image(halves)
    layer = viewer.add_labels((halves > 100).astype(np.uint8) + 1)
    session.choose_strokes(layer)
    session.recolor_class(2, "#abcdef")
    assert session.classes[2].color == "#abcdef"
    expected = np.array([0xAB, 0xCD, 0xEF]) / 255
    assert np.allclose(layer.get_color(2)[:3], expected, atol=1e-3)


def test_a_class_that_is_erased_while_learning_leaves_the_model(three, run, viewer):
    current = three.images.current
    assert three.learn()
    run(lambda: three.results.preview_of(current) is not None)
    run(lambda: three.results.preview_of(current).planes)
    current.strokes.data[current.strokes.data == 2] = 0
    current.strokes.events.paint(value=[])
    run(lambda: three.results.preview_of(current).class_ids == (1, 3))
    three.stop()
    run(lambda: not three.live.is_running)
    assert [info.id for info in three.live.classes] == [1, 3]
    assert [info.id for info in three.classes] == [1, 2, 3]
    options = SegmentationOptions(probabilities=True)
    (result,) = three.segment(LIVE, [current.layer], options)
    run(lambda: not three.segmentation.is_running)
    assert three.problem is None
    assert result.class_ids == (1, 3)
    assert 2 not in np.unique(result.layer.data)
    maps = {
        plugin_metadata(layer)["class"]: layer
        for layer in viewer.layers
        if plugin_metadata(layer).get("kind") == "probabilities"
    }
    assert set(maps) == {1, 3}
    total = maps[1].data + maps[3].data
    np.testing.assert_allclose(total, 1, atol=0.01)


@pytest.fixture
def learnt(three, run):
    three.learn()
    run(lambda: three.preview.shown > 0)
    three.stop()
    run(lambda: not three.live.is_running)
    return three


def test_a_removed_class_stays_away_while_the_former_model_is_shown(
    learnt, run, viewer
):
    learnt.remove_class(3)
    shown = learnt.preview.shown
    learnt.preview.show_again()
    run(lambda: learnt.preview.shown > shown)
    assert [info.id for info in learnt.live.classes] == [1, 2, 3]
    assert [info.id for info in learnt.classes] == [1, 2]
    assert learnt.removals.last.info.name == "spoon"
    learnt.undo_removal()
    assert learnt.classes[3].name == "spoon"


def test_a_removed_class_comes_back_with_a_version_that_has_it(learnt, run):
    run(lambda: len(learnt.versions) == 1)
    (version,) = learnt.versions
    learnt.remove_class(3)
    learnt.restore_version(version)
    run(polls=10)
    assert learnt.classes[3].name == "spoon"
    assert [info.background for info in learnt.classes] == [True, False, False]


def test_a_removed_class_comes_back_when_it_is_painted(learnt):
    learnt.remove_class(3)
    layer = learnt.images.current.strokes
    layer.data[30:33, 5:25] = 3
    learnt.images.current.look_at_all()
    learnt.classes.follow(learnt.counts)
    assert [info.id for info in learnt.classes] == [1, 2, 3]


def test_a_removal_before_one_whose_id_is_taken_can_still_be_undone(three):
    three.remove_class(2)
    three.remove_class(1)
    assert three.add_class() == 1
    assert three.removals.last.info.id == 2
    three.undo_removal()
    assert three.counts == {2: 60, 3: 60}
    assert three.removals.last is None


def test_undo_brings_strokes_back_after_the_axes_were_chosen_anew(
    session, viewer, halves
):
    viewer.add_image(np.stack([halves] * 7))
    layer = session.strokes_layer()
    layer.data[1, 5:8, 5:25] = 2
    session.images.current.look_at_all()
    session.remove_class(2)
    session.choose_axes("tyx")
    session.undo_removal()
    assert session.counts == {2: 60}


def test_undo_brings_the_class_back_where_its_strokes_layer_has_other_pixels(
    session, viewer, halves, run
):
    viewer.add_image(halves)
    layer = session.strokes_layer()
    layer.data[5:8, 35:55] = 2
    session.images.current.look_at_all()
    session.remove_class(2)
    layer.data = np.zeros((9, 9), np.uint8)
    session.undo_removal()
    assert 2 in session.classes
    assert not layer.data.any()


def test_undo_gives_no_name_that_another_class_has_by_now(three):
    three.remove_class(3)
    three.rename_class(2, "spoon")
    three.undo_removal()
    assert [info.name for info in three.classes] == ["background", "spoon", "spoon 2"]

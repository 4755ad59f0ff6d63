"""TunedRules without a window: planes, history, presets; on pictures of every kind."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from made_results import CLASSES, balls, levels_of, make_result

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.volumes import label_image
from napari_garage_unet.engine.models.loading import load_model
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.process.protocol.messages import SaveModel
from napari_garage_unet.session.results import labeller
from napari_garage_unet.session.tuning import background_labels
from napari_garage_unet.session.tuning import tuner as tuner_module

CENTRES_3D = [(3, 20, 20), (3, 20, 44), (8, 40, 30)]
SHAPE_3D = (12, 60, 64)


def picture_of(cell):
    return np.rint(cell * 255).astype(np.uint8)


@pytest.fixture
def plane(viewer, session):
    cell = balls((60, 64), [(20, 20), (20, 44)])
    layer = viewer.add_image(picture_of(cell), name="plane")
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture
def stack(viewer, session):
    cell = balls(SHAPE_3D, CENTRES_3D)
    layer = viewer.add_image(picture_of(cell), name="film", axis_labels=("t", "y", "x"))
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture
def volume(viewer, session):
    cell = balls(SHAPE_3D, CENTRES_3D)
    layer = viewer.add_image(
        picture_of(cell), name="volume", axis_labels=("z", "y", "x"), scale=(2, 1, 1)
    )
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture
def pyramid(viewer, session):
    cell = balls((120, 128), [(40, 40), (40, 88)], radius=24)
    levels = [picture_of(cell), picture_of(cell)[::2, ::2]]
    layer = viewer.add_image(levels, multiscale=True, name="pyramid")
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture(params=["plane", "stack", "volume", "pyramid"])
def result(request):
    return request.getfixturevalue(request.param)


def expected(result):
    """All planes decided by the function of the command line."""
    return label_image(
        result.kept_probabilities,
        result.rules,
        result.image,
        class_ids=result.class_ids,
    )


def camera_of(viewer):
    # napari 0.9 moved it into the scene.
    return getattr(viewer, "scene", viewer).camera


RULE = ClassRule(threshold=0.3, min_size=30, fill_holes=5, smooth=1)


def test_letting_go_decides_every_plane_as_the_command_line_does(session, result, run):
    before = result.layer.data.copy()
    session.tuner.tune(result, 2, RULE)
    session.tuner.apply(result)
    run(lambda: not result.n_outdated)
    assert (result.layer.data != before).any()
    np.testing.assert_array_equal(result.layer.data, expected(result))


def test_only_the_plane_on_view_follows_before_letting_go(viewer, session, stack):
    viewer.dims.set_point(0, 4)
    before = stack.layer.data.copy()
    session.tuner.tune(stack, 2, ClassRule(threshold=0.2))
    changed = (stack.layer.data != before).any(axis=(1, 2))
    assert changed.tolist() == [i == 4 for i in range(12)]
    assert stack.n_outdated == 11


def test_a_large_plane_follows_a_dragged_slider_at_the_resolution_of_the_screen(
    viewer, session, run, monkeypatch
):
    monkeypatch.setattr(tuner_module, "MIN_COARSE_PIXELS", 100 * 100)
    cell = balls((120, 128), [(40, 40), (40, 88)], radius=24)
    layer = viewer.add_image(picture_of(cell), name="large")
    camera_of(viewer).zoom = 0.3  # 3.3 pixels in one of the screen, so every second one
    result = make_result(viewer, session, layer, levels_of(cell))
    rule = ClassRule(threshold=0.7, min_size=40)
    session.tuner.prepare(result, 2)
    session.tuner.tune(result, 2, rule, drags=True)
    coarse = apply_rules(
        levels_of(cell)[:, ::2, ::2],
        {2: ClassRule(threshold=0.7, min_size=10)},
        class_ids=result.class_ids,
    )
    dragged = result.layer.data.copy()
    np.testing.assert_array_equal(dragged, coarse.repeat(2, axis=0).repeat(2, axis=1))
    assert result.n_outdated == 1

    session.tuner.apply(result)
    run(lambda: not result.n_outdated)
    np.testing.assert_array_equal(result.layer.data, expected(result))
    assert (result.layer.data != dragged).any()


def test_labels_in_many_pieces_are_dragged_at_less_than_that(
    viewer, session, run, monkeypatch
):
    monkeypatch.setattr(tuner_module, "MIN_COARSE_PIXELS", 100 * 100)
    rng = np.random.default_rng(0)
    layer = viewer.add_image(np.zeros((128, 128), np.uint8), name="large")
    camera_of(viewer).zoom = 1.0
    levels = levels_of(rng.random((128, 128)))
    result = make_result(viewer, session, layer, levels)
    rule = ClassRule(threshold=0.4, min_size=32)
    for most, step in ((9000, 1), (2500, 2), (600, 4), (1, 8)):
        monkeypatch.setattr(tuner_module, "MAX_LIVE_RUNS", most)
        session.tuner.set_rules(result, {2: ClassRule(min_size=32)})
        session.tuner.prepare(result, 2)
        session.tuner.tune(result, 2, rule, drags=True)
        coarse = apply_rules(
            levels[:, ::step, ::step],
            {2: ClassRule(threshold=0.4, min_size=32 / step**2)},
            class_ids=result.class_ids,
        )
        np.testing.assert_array_equal(
            result.layer.data, coarse.repeat(step, axis=0).repeat(step, axis=1)
        )
        session.tuner.apply(result)
        run(lambda: not result.n_outdated)
        np.testing.assert_array_equal(result.layer.data, expected(result))


def test_what_is_enlarged_on_the_screen_is_dragged_exactly(
    viewer, session, plane, monkeypatch
):
    monkeypatch.setattr(tuner_module, "MIN_COARSE_PIXELS", 1)
    camera_of(viewer).zoom = 1.5
    session.tuner.tune(plane, 2, RULE, drags=True)
    np.testing.assert_array_equal(plane.layer.data, expected(plane))
    assert not plane.n_outdated


def test_planes_are_decided_from_the_one_on_view_outwards(
    viewer, session, stack, run, monkeypatch
):
    monkeypatch.setattr(background_labels, "MAX_BATCH_SECONDS", 0)
    viewer.dims.set_point(0, 6)
    shown = []
    show = stack.show
    monkeypatch.setattr(
        stack,
        "show",
        lambda index, *a, **k: (shown.append(index), show(index, *a, **k)),
    )
    session.tuner.tune(stack, 2, ClassRule(threshold=0.2))
    session.tuner.apply(stack)
    run(lambda: not stack.n_outdated)
    away = [abs(i - 6) for (i,) in shown]
    assert away == sorted(away)
    assert len(away) == 12


def two_balls():
    """A large and a small ball, each in several planes."""
    large = balls(SHAPE_3D, [(3, 20, 20)])
    return np.maximum(large, balls(SHAPE_3D, [(8, 44, 48)], radius=6))


def make_bodies(viewer, session, *, planes=None):
    cell = two_balls()
    layer = viewer.add_image(
        picture_of(cell), name="volume", axis_labels=("z", "y", "x")
    )
    return make_result(viewer, session, layer, levels_of(cell), planes=planes)


@pytest.fixture
def bodies(viewer, session):
    return make_bodies(viewer, session)


IN_VOXELS = ClassRule(threshold=0.5, min_size=1000)
"""More than any plane has of a ball; the large one has 3584."""


@pytest.mark.parametrize("most", [12 * 60 * 64, 3 * 60 * 64, 1])
def test_sizes_are_those_of_bodies_whatever_is_looked_at_while_tuning(
    viewer, session, bodies, run, monkeypatch, most
):
    monkeypatch.setattr(labeller, "MAX_LIVE_VOXELS", most)
    (z,) = bodies.annotated.plane_on_view(viewer)
    session.tuner.tune(bodies, 2, IN_VOXELS)
    whole = expected(bodies)
    assert (whole[3:6, 20, 20] == 2).all()
    assert not (whole[:, 44, 48] == 2).any()
    if most == whole.size:
        np.testing.assert_array_equal(bodies.layer.data[z], whole[z])
        assert bodies.n_outdated == 11
    else:  # what reaches out of the planes that were looked at stays at first
        assert (bodies.layer.data[z, [20, 44], [20, 48]] == 2).all()
        assert bodies.n_outdated == 12
    session.tuner.apply(bodies)
    run(lambda: not bodies.n_outdated)
    np.testing.assert_array_equal(bodies.layer.data, whole)


def test_planes_that_come_later_belong_to_the_bodies_of_the_first(viewer, session, run):
    levels = levels_of(two_balls())
    bodies = make_bodies(viewer, session, planes=())
    bodies.set_rules({2: IN_VOXELS})
    for z in (3, 4, 5, 8, 7, 6, 2, 0, 1, 9, 10, 11):
        bodies.put((z,), levels[:, z], state=(0, 0))
        if z == 8:
            run(lambda: not bodies.n_outdated)
            # Bodies may go on in planes that are not there yet.
            assert (bodies.layer.data[3:6, 20, 20] == 2).all()
            assert bodies.layer.data[8, 44, 48] == 2
    run(lambda: not bodies.n_outdated)
    np.testing.assert_array_equal(bodies.layer.data, expected(bodies))


def test_deciding_many_planes_does_not_hold_up_the_window(session, volume, run):
    class Slow:
        def __init__(self, assign):
            self.assign = assign

        def __call__(self, index):
            threads.add(threading.current_thread())
            time.sleep(0.01)
            return self.assign(index)

    threads = set()
    volume.assign = Slow(volume.assign)
    session.tuner.tune(volume, 2, RULE)
    session.tuner.apply(volume)
    while volume.n_outdated:
        session.poll()
        time.sleep(0.002)
    assert threads
    assert threading.main_thread() not in threads


def test_a_second_change_overtakes_the_first(session, volume, run):
    session.tuner.tune(volume, 2, ClassRule(threshold=0.8))
    session.tuner.apply(volume)
    session.tuner.tune(volume, 2, ClassRule(threshold=0.2))
    session.tuner.apply(volume)
    run(lambda: not volume.n_outdated)
    np.testing.assert_array_equal(volume.layer.data, expected(volume))


def test_another_result_does_not_stop_the_planes_of_the_first(
    viewer, session, stack, plane, run
):
    plane.model = "another"
    session.tuner.tune(stack, 2, ClassRule(threshold=0.2))
    session.tuner.apply(stack)
    session.tuner.tune(plane, 2, ClassRule(threshold=0.2))
    session.tuner.apply(plane)
    run(lambda: not stack.n_outdated)
    np.testing.assert_array_equal(stack.layer.data, expected(stack))


def test_other_results_of_the_model_follow(session, stack, plane, run):
    session.tuner.tune(plane, 2, ClassRule(threshold=0.2))
    session.tuner.apply(plane)
    run(lambda: not stack.n_outdated)
    assert stack.rule(2).threshold == 0.2
    np.testing.assert_array_equal(stack.layer.data, expected(stack))


def test_a_layer_that_is_deleted_meanwhile_is_let_go(viewer, session, stack, run):
    session.tuner.tune(stack, 2, RULE)
    session.tuner.apply(stack)
    session.objects.find(stack)
    viewer.layers.remove(stack.layer)
    run(polls=5)
    assert not session.objects.is_busy
    assert session.problem is None


# -- undo, redo, reset ------------------------------------------------------------


def test_undo_redo_and_reset_are_seen_in_every_plane(session, result, run):
    tuner = session.tuner
    plain = result.layer.data.copy()
    assert not tuner.can_undo(result)
    for rule in (ClassRule(threshold=0.3), RULE):
        tuner.tune(result, 2, rule)
        tuner.apply(result)
        tuner.note(result)
    run(lambda: not result.n_outdated)
    tuned = result.layer.data.copy()
    tuner.undo(result)
    assert result.rule(2) == ClassRule(threshold=0.3)
    tuner.undo(result)
    run(lambda: not result.n_outdated)
    assert not tuner.can_undo(result)
    np.testing.assert_array_equal(result.layer.data, plain)
    tuner.redo(result)
    tuner.redo(result)
    run(lambda: not result.n_outdated)
    assert not tuner.can_redo(result)
    np.testing.assert_array_equal(result.layer.data, tuned)
    tuner.set_rules(result, {})
    tuner.note(result)
    run(lambda: not result.n_outdated)
    np.testing.assert_array_equal(result.layer.data, plain)
    tuner.undo(result)
    assert result.rule(2) == RULE


def test_many_moves_are_one_step_when_they_are_noted_once(session, plane):
    for threshold in (0.4, 0.3, 0.2):
        session.tuner.tune(plane, 2, ClassRule(threshold=threshold))
    session.tuner.note(plane)
    session.tuner.undo(plane)
    assert plane.rules.get(2, ClassRule()) == ClassRule()
    assert not session.tuner.can_undo(plane)


def test_a_change_after_undo_forgets_what_was_undone(session, plane):
    tuner = session.tuner
    tuner.tune(plane, 2, ClassRule(threshold=0.4))
    tuner.note(plane)
    tuner.undo(plane)
    tuner.tune(plane, 2, ClassRule(threshold=0.7))
    tuner.note(plane)
    assert not tuner.can_redo(plane)
    tuner.undo(plane)
    assert plane.rules.get(2, ClassRule()) == ClassRule()


def test_history_belongs_to_the_model_not_to_one_of_its_results(session, plane, stack):
    session.tuner.tune(plane, 2, ClassRule(threshold=0.4))
    session.tuner.note(plane)
    session.tuner.tune(stack, 2, ClassRule(threshold=0.6))
    session.tuner.note(stack)
    session.tuner.undo(plane)
    assert plane.rule(2).threshold == stack.rule(2).threshold == 0.4


# -- presets ----------------------------------------------------------------------


def test_a_preset_brings_back_the_rules_of_every_class(session, result, run):
    tuner = session.tuner
    tuner.tune(result, 1, ClassRule(threshold=0.6))
    tuner.tune(result, 2, RULE)
    assert tuner.save_preset(result, " strict ") == "strict"
    assert tuner.preset_in_use(result) == "strict"
    tuner.set_rules(result, {2: ClassRule(threshold=0.1)})
    tuner.note(result)
    assert tuner.preset_in_use(result) == ""
    tuner.use_preset(result, "strict")
    assert result.rules == {1: ClassRule(threshold=0.6), 2: RULE}
    run(lambda: not result.n_outdated)
    np.testing.assert_array_equal(result.layer.data, expected(result))


def test_saving_using_and_deleting_a_preset_can_be_undone(session, plane):
    tuner = session.tuner
    tuner.save_preset(plane, "plain")
    tuner.tune(plane, 2, RULE)
    tuner.note(plane)
    tuner.use_preset(plane, "plain")
    tuner.delete_preset(plane, "plain")
    assert tuner.presets(plane) == {}
    tuner.undo(plane)
    assert tuner.presets(plane) == {"plain": {}}
    tuner.undo(plane)
    assert plane.rule(2) == RULE
    tuner.undo(plane)
    tuner.undo(plane)
    assert tuner.presets(plane) == {}
    tuner.redo(plane)
    assert tuner.presets(plane) == {"plain": {}}


def test_a_saved_preset_does_not_follow_later_changes(session, plane):
    session.tuner.tune(plane, 2, RULE)
    session.tuner.save_preset(plane, "mine")
    session.tuner.tune(plane, 2, ClassRule(threshold=0.9))
    session.tuner.note(plane)
    assert session.tuner.presets(plane)["mine"] == {2: RULE}


def test_presets_that_are_not_there_are_one_sentence(session, plane):
    with pytest.raises(InputError, match="no preset 'no'"):
        session.tuner.use_preset(plane, "no")
    with pytest.raises(InputError, match="no preset 'no'"):
        session.tuner.delete_preset(plane, "no")
    with pytest.raises(InputError, match="needs a name"):
        session.tuner.save_preset(plane, "  ")


def test_presets_go_to_the_file_and_come_back_from_it(
    session, plane, engine, run, tmp_path
):
    file = tmp_path / "tuned.garage"
    Model(
        classes=CLASSES,
        preprocess=PreprocessConfig(),
        network=NetworkConfig(encoder="plain", width=4),
        n_channels=1,
        weights={},
        rules={2: ClassRule(threshold=0.7)},
        presets={"dark": {2: RULE}},
    ).save(file)
    session.warm_up()
    entry = session.load_model(file)
    plane.model = entry.key
    assert session.tuner.presets(plane) == {"dark": {2: RULE}}
    session.tuner.use_preset(plane, "dark")
    assert plane.rule(2) == RULE
    session.tuner.tune(plane, 2, ClassRule(threshold=0.2))
    session.tuner.save_preset(plane, "light")
    session.save_model(entry.key, tmp_path / "again.garage")
    run(polls=2)
    (asked,) = engine.sent(SaveModel)
    assert asked.rules["2"]["threshold"] == 0.2
    assert set(asked.presets) == {"dark", "light"}
    assert load_model(file).with_preset("dark").rules[2] == RULE


def test_loading_the_file_again_begins_a_new_history(session, plane, tmp_path):
    file = tmp_path / "tuned.garage"
    Model(
        classes=CLASSES,
        preprocess=PreprocessConfig(),
        network=NetworkConfig(encoder="plain", width=4),
        n_channels=1,
        weights={},
        presets={"dark": {2: RULE}},
    ).save(file)
    session.warm_up()
    plane.model = session.load_model(file).key
    session.tuner.delete_preset(plane, "dark")
    assert session.tuner.can_undo(plane)
    session.load_model(file)
    assert session.tuner.presets(plane) == {"dark": {2: RULE}}
    assert not session.tuner.can_undo(plane)

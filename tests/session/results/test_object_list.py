"""Objects of results without a window: planes, stacks, volumes and pyramids."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import CLASSES, balls, levels_of, make_result

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.instances import class_objects, objects_table

CUT = ClassRule(threshold=0.4)


def picture_of(cell):
    return np.rint(cell * 255).astype(np.uint8)


@pytest.fixture
def make(viewer, session, run):
    """Make a result of balls and decide all its planes."""

    def made(cell, *, rule=CUT, **layer):
        image = viewer.add_image(picture_of(cell), **{"name": "picture", **layer})
        result = make_result(viewer, session, image, levels_of(cell))
        session.tuner.tune(result, 2, rule)
        session.tuner.apply(result)
        run(lambda: not result.n_outdated)
        return result

    return made


def find(session, run, result):
    session.objects.find(result)
    run(lambda: not session.objects.is_busy)
    found = session.objects.of_result(result)
    assert session.problem is None, session.problem
    return found


def test_objects_lie_on_their_image_and_carry_their_table(session, make, run):
    cell = balls((60, 80), [(20, 20), (40, 60)])
    result = make(cell, scale=(0.5, 0.5), translate=(7, 3), units=("um", "um"))
    found = find(session, run, result)
    assert np.allclose(found.layer.scale, (0.5, 0.5))
    assert np.allclose(found.layer.translate, (7, 3))
    assert sorted(np.unique(found.layer.data)) == [0, 1, 2]
    assert list(found.layer.features["index"]) == [1, 2]
    area = (result.layer.data == 2).sum() * 0.25 / 2
    assert found.table["area"] == pytest.approx([area, area], rel=0.1)
    assert not found.layer.editable


def test_objects_of_a_volume_go_through_its_planes(session, make, run):
    cell = balls((30, 60, 60), [(8, 20, 20), (22, 40, 40)], radius=7)
    result = make(cell, axis_labels=("z", "y", "x"))
    found = find(session, run, result)
    assert len(found.table["label"]) == 2
    assert "volume" in found.table
    one = found.layer.data == 1
    assert one.any(axis=(1, 2)).sum() > 8
    assert found.table["volume"].sum() == (result.layer.data == 2).sum()


def test_objects_of_a_film_are_those_of_each_time(session, make, run):
    cell = np.stack([balls((60, 60), [(20, 20), (44, 44)], radius=7)] * 3)
    result = make(cell, axis_labels=("t", "y", "x"))
    found = find(session, run, result)
    ids = found.layer.data
    each = [set(np.unique(plane)) - {0} for plane in ids]
    assert [len(ids) for ids in each] == [2, 2, 2]
    assert not each[0] & each[1]
    assert not each[1] & each[2]


def test_objects_of_a_pyramid_have_the_finest_level(viewer, session, run):
    cell = balls((128, 128), [(30, 30), (90, 90)], radius=20)
    picture = picture_of(cell)
    layer = viewer.add_image(
        [picture, picture[::2, ::2]], multiscale=True, name="pyramid"
    )
    result = make_result(viewer, session, layer, levels_of(cell))
    session.tuner.set_rules(result, {2: CUT})
    found = find(session, run, result)
    assert found.layer.data.shape == (128, 128)
    assert found.table["area"].sum() == (result.layer.data == 2).sum()


def test_splitting_a_volume_is_that_of_the_function(session, make, run):
    cell = balls((24, 60, 60), [(12, 30, 18), (12, 30, 38)])
    rule = ClassRule(threshold=0.4, split=True)
    result = make(cell, rule=rule, axis_labels=("z", "y", "x"), scale=(2, 1, 1))
    found = find(session, run, result)
    parts = class_objects(result.layer.data, CLASSES, result.image, rules={2: rule})
    np.testing.assert_array_equal(found.layer.data, parts[2])
    expected = objects_table(parts, CLASSES, result.image)
    assert found.table["label"].tolist() == expected["label"].tolist() == [1, 2]


def test_finding_again_keeps_layer_and_ids(viewer, session, make, run):
    cell = balls((60, 80), [(20, 20), (40, 60), (12, 64)], radius=8)
    result = make(cell)
    first = find(session, run, result)
    before = first.layer.data.copy()
    first.layer.opacity = 0.3
    session.tuner.set_rules(result, {2: ClassRule(threshold=0.3)})
    second = find(session, run, result)
    assert second.layer is first.layer
    assert second.layer.opacity == 0.3
    inside = before > 0
    np.testing.assert_array_equal(second.layer.data[inside], before[inside])


def test_finding_waits_for_all_planes(session, make, run):
    cell = balls((30, 60, 60), [(8, 20, 20), (22, 40, 40)], radius=7)
    result = make(cell, axis_labels=("z", "y", "x"))
    session.tuner.tune(result, 2, ClassRule(threshold=0.7))
    session.tuner.apply(result)
    session.objects.find(result)
    assert session.objects.is_busy
    run(lambda: not session.objects.is_busy)
    assert session.objects.newest.table["volume"].sum() == (
        (result.layer.data == 2).sum()
    )


def test_no_object_is_an_empty_table(session, make, run):
    result = make(balls((40, 40), [(20, 20)]) * 0.2)
    found = find(session, run, result)
    assert not found.layer.data.any()
    assert len(found.layer.features) == 0
    assert found.totals["count"].tolist()[1] == 0


def test_a_deleted_layer_of_objects_is_forgotten(viewer, session, make, run):
    result = make(balls((60, 80), [(20, 20)]))
    found = find(session, run, result)
    viewer.layers.remove(found.layer)
    assert session.objects.newest is None
    again = find(session, run, result)
    assert again.layer in viewer.layers
    assert again.layer is not found.layer


def test_what_is_selected_stays_selected(viewer, session, make, run):
    result = make(balls((60, 80), [(20, 20)]))
    strokes = session.strokes_layer()
    viewer.layers.selection.active = strokes
    find(session, run, result)
    assert viewer.layers.selection.active is strokes


def test_objects_of_two_classes_have_ids_of_their_own(viewer, session, run):
    left, right = balls((60, 90), [(30, 22)]), balls((60, 90), [(30, 66)])
    levels = np.rint(np.stack([1 - left - right, left, right]) * 255)
    classes = (*CLASSES, type(CLASSES[1])(5, "grain", "#00aaff"))
    image = viewer.add_image(picture_of(left + right), name="two")
    result = make_result(
        viewer,
        session,
        image,
        np.clip(levels, 0, 255).astype(np.uint8),
        classes=classes,
    )
    found = find(session, run, result)
    assert found.table["class"].tolist() == ["cell", "grain"]
    assert found.table["label"].tolist() == [1, 2]
    assert found.totals["class"].tolist() == [1, 2, 5]
    assert found.totals["count"].tolist()[1:] == [1, 1]


def test_objects_are_those_of_the_planes_that_are_segmented(viewer, session, run):
    cell = np.stack([balls((40, 40), [(12, 12), (28, 28)], radius=6)] * 4)
    picture = viewer.add_image(
        picture_of(cell), name="film", axis_labels=("t", "y", "x")
    )
    levels = levels_of(cell)
    result = make_result(viewer, session, picture, levels, planes=[(0,), (2,)])
    session.tuner.set_rules(result, {2: CUT})
    run(lambda: not result.n_outdated)
    found = find(session, run, result)
    assert (found.n_planes, found.n_all_planes) == (2, 4)
    assert found.totals["count"][1] == 4
    share = (result.layer.data[0] == 2).mean()
    assert found.totals["fraction"][1] == pytest.approx(share)
    assert sorted(set(found.table["t"])) == [0, 2]


def test_objects_are_found_again_when_more_planes_are_segmented(
    viewer, session, run, monkeypatch
):
    monkeypatch.setattr(
        "napari_garage_unet.session.results.object_list.SECONDS_BETWEEN_RENEWALS", 0
    )
    cell = np.stack([balls((40, 40), [(12, 12), (28, 28)], radius=6)] * 3)
    picture = viewer.add_image(
        picture_of(cell), name="film", axis_labels=("t", "y", "x")
    )
    levels = levels_of(cell)
    result = make_result(viewer, session, picture, levels, planes=[(0,)])
    session.tuner.set_rules(result, {2: CUT})
    run(lambda: not result.n_outdated)
    found = find(session, run, result)
    assert found.totals["count"][1] == 2
    for t in (1, 2):
        result.put((t,), levels[:, t], state=(0, 0))
    run(lambda: found.n_planes == 3)
    assert found.totals["count"][1] == 6
    result.put((1,), levels_of(np.zeros((40, 40))), state=(1, 0))
    run(lambda: found.totals["count"][1] == 4)
    run(polls=20)
    assert not session.objects.is_busy

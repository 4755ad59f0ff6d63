"""Seeds of touching objects, shown while splitting is tuned."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest
from made_results import CLASSES, balls, levels_of, make_result

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.instances import class_objects
from napari_garage_unet.session.tuning import seed_preview

SPLIT = ClassRule(threshold=0.4, split=True)
TOUCHING = [(30, 25), (30, 47), (70, 80)]


def picture_of(cell):
    return np.rint(cell * 255).astype(np.uint8)


@pytest.fixture
def plane(viewer, session):
    """Two discs that touch and one apart, 0.5 units per pixel."""
    cell = balls((100, 120), TOUCHING)
    layer = viewer.add_image(picture_of(cell), name="cells", scale=(0.5, 0.5))
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture
def volume(viewer, session):
    centres = [(10, 25, 25), (10, 25, 46), (10, 70, 60)]
    cell = balls((20, 90, 90), centres)
    layer = viewer.add_image(
        picture_of(cell), name="volume", axis_labels=("z", "y", "x")
    )
    return make_result(viewer, session, layer, levels_of(cell))


@pytest.fixture
def film(viewer, session):
    cell = np.stack([balls((60, 80), TOUCHING[:n]) for n in (1, 2, 2)])
    layer = viewer.add_image(picture_of(cell), name="film", axis_labels=("t", "y", "x"))
    return make_result(viewer, session, layer, levels_of(cell))


def tune(session, result, rule):
    session.tuner.tune(result, 2, rule)
    session.tuner.apply(result)


def show(session, run, result, rule=SPLIT):
    tune(session, result, rule)
    session.seeds.show(result, 2)
    run(lambda: session.seeds.is_up_to_date)
    return session.seeds.layer


def test_there_is_a_seed_for_each_object(session, plane, run):
    layer = show(session, run, plane)
    assert layer.data.shape == (3, 2)
    found = class_objects(plane.layer.data, CLASSES, plane.image, rules=plane.rules)
    rows = np.rint(layer.data).astype(int)
    assert sorted(found[2][tuple(rows.T)].tolist()) == [1, 2, 3]
    assert np.allclose(layer.scale, (0.5, 0.5))


def test_seeds_follow_the_distance(session, plane, run):
    layer = show(session, run, plane)
    tune(session, plane, ClassRule(threshold=0.4, split=True, split_distance=15.0))
    run(lambda: session.seeds.is_up_to_date)
    assert session.seeds.layer is layer
    assert len(layer.data) == 2


def test_seeds_by_probability_are_those_of_the_objects(viewer, session, run):
    cell = np.zeros((40, 60))
    for centre in ((20, 20), (20, 27)):
        cell[np.hypot(*(np.indices(cell.shape).T - centre).T) <= 9] = 0.9
    cell[:, 23:25] *= 0.5
    layer = viewer.add_image(picture_of(cell), name="cells")
    result = make_result(viewer, session, layer, levels_of(cell))
    assert len(show(session, run, result).data) == 1
    rule = dataclasses.replace(SPLIT, split_by="probability")
    tune(session, result, rule)
    run(lambda: session.seeds.is_up_to_date)
    assert len(session.seeds.layer.data) == 2
    found = class_objects(
        result.layer.data,
        CLASSES,
        result.image,
        rules=result.rules,
        probabilities=result.kept_probabilities,
    )
    assert found[2].max() == 2


def test_seeds_follow_the_threshold(session, plane, run):
    layer = show(session, run, plane)
    tune(session, plane, ClassRule(threshold=0.99, split=True))
    run(lambda: session.seeds.is_up_to_date and len(layer.data) == 0)


def test_the_distance_alone_does_not_decide_planes_again(session, film, run):
    tune(session, film, SPLIT)
    run(lambda: not film.n_outdated)
    labels = film.layer.data.copy()
    session.tuner.tune(
        film, 2, ClassRule(threshold=0.4, split=True, split_distance=9.0)
    )
    assert film.n_outdated == 0
    assert film.rule(2).split_distance == 9
    np.testing.assert_array_equal(film.layer.data, labels)


def test_nothing_is_selected_or_moved(viewer, session, plane, run):
    strokes = session.strokes_layer()
    viewer.layers.selection.active = strokes
    strokes.mode = "paint"
    order = list(viewer.layers)
    layer = show(session, run, plane)
    assert viewer.layers.selection.active is strokes
    assert set(viewer.layers.selection) == {strokes}
    assert strokes.mode == "paint"
    assert [other for other in viewer.layers if other is not layer] == order
    assert not layer.editable
    session.seeds.hide()
    assert viewer.layers.selection.active is strokes
    assert list(viewer.layers) == order


def test_nothing_is_selected_when_nothing_was(viewer, session, plane, run):
    viewer.layers.selection.clear()
    show(session, run, plane)
    assert not viewer.layers.selection


def test_seeds_in_a_film_are_those_of_the_time_on_view(viewer, session, film, run):
    viewer.dims.set_point(0, 0)
    layer = show(session, run, film)
    assert layer.data[:, 0].tolist() == [0]
    viewer.dims.set_point(0, 2)
    run(lambda: session.seeds.is_up_to_date)
    assert layer.data[:, 0].tolist() == [2, 2]


def test_seeds_in_a_volume_are_those_of_the_volume(viewer, session, volume, run):
    layer = show(session, run, volume)
    run(lambda: session.seeds.is_up_to_date and not volume.n_outdated)
    seeds = session.seeds.seeds
    assert seeds.shape == (3, 3)
    found = class_objects(volume.layer.data, CLASSES, volume.image, rules=volume.rules)
    assert sorted(found[2][tuple(seeds.T)].tolist()) == [1, 2, 3]
    largest = layer.data[layer.size == layer.size.max()]
    assert sorted(largest.tolist()) == sorted(seeds.tolist())
    # The planes beside show them, too, smaller.
    z = int(seeds[0, 0])
    assert set(layer.data[:, 0]) >= {z - 2, z - 1, z, z + 1, z + 2}


def test_of_a_large_volume_the_planes_around_are_looked_at(
    viewer, session, volume, run, monkeypatch
):
    monkeypatch.setattr(seed_preview, "MAX_SEED_VOXELS", 90 * 90 * 4)
    viewer.dims.set_point(0, 17)
    show(session, run, volume)
    run(lambda: session.seeds.is_up_to_date and not volume.n_outdated)
    assert len(session.seeds.seeds)
    assert session.seeds.seeds[:, 0].min() >= 15


def test_a_layer_that_was_deleted_stays_away(viewer, session, plane, run):
    layer = show(session, run, plane)
    told = []
    session.seeds.dismissed.connect(lambda: told.append(True))
    viewer.layers.remove(layer)
    tune(session, plane, ClassRule(threshold=0.3, split=True))
    run(polls=10)
    assert told == [True]
    assert session.seeds.layer is None
    assert "seeds of cells" not in viewer.layers


def test_a_layer_that_was_hidden_stays_hidden(session, plane, run):
    layer = show(session, run, plane)
    layer.visible = False
    tune(session, plane, ClassRule(threshold=0.3, split=True))
    run(lambda: session.seeds.is_up_to_date)
    assert not layer.visible


def test_seeds_go_with_their_segmentation(viewer, session, plane, run):
    layer = show(session, run, plane)
    viewer.layers.remove(plane.layer)
    assert layer not in viewer.layers


def test_another_result_has_its_own_seeds(viewer, session, plane, film, run):
    first = show(session, run, plane)
    second = show(session, run, film)
    assert first not in viewer.layers
    assert second.name == "seeds of film"


def test_looking_for_seeds_does_not_hold_up_the_window(
    session, plane, run, monkeypatch
):
    find = seed_preview.SeedFinder.find

    threads = set()

    def slow(finder, distance=None):
        threads.add(threading.current_thread())
        time.sleep(0.2)
        return find(finder, distance)

    monkeypatch.setattr(seed_preview.SeedFinder, "find", slow)
    tune(session, plane, SPLIT)
    session.seeds.show(plane, 2)
    session.poll()
    shown = 0
    session.seeds.changed.connect(lambda: None)
    for move in range(60):
        rule = ClassRule(threshold=0.4, split=True, split_distance=1 + move / 10)
        session.tuner.tune(plane, 2, rule)
        session.poll()
        shown += session.seeds.layer is not None
        time.sleep(0.01)
    assert threads
    assert threading.main_thread() not in threads
    # Moves that come faster than answers do not keep all answers from being shown.
    assert shown > 10

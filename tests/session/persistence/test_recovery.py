"""What was saved is found again, and restored."""

from __future__ import annotations

import dataclasses
import time
from types import SimpleNamespace

import numpy as np
import pytest
from saved_sessions import (
    die,
    paint,
    poll_until,
    restore,
    saved_of,
    wait_for_offer,
    wait_for_save,
    wait_until_all_is_saved,
)

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.config import PreprocessConfig
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.models.model import Model
from napari_garage_unet.engine.networks.config import NetworkConfig
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.project.folders import ProjectFolder, saved_projects
from napari_garage_unet.session import close_session
from napari_garage_unet.session.persistence.fingerprint import (
    earlier_fingerprint,
    fingerprint,
)
from napari_garage_unet.session.training.live_model import Phase


def test_a_killed_napari_gives_everything_back(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25], 1)
    strokes = paint(first, np.s_[5:8, 35:55], 2).data.copy()
    poll_until(first, lambda: len(first.counts) == 2)
    first.rename_class(2, "wheel")
    first.classes.recolor({2: "#123456"})
    first.settings = dataclasses.replace(
        first.settings, training=TrainingConfig(seconds=7, seed=5)
    )
    presets = {"dark": {2: ClassRule(threshold=0.2, split=True)}}
    first.results.set_rules_of(LIVE, {2: ClassRule(threshold=0.7)}, presets)
    first.learn()
    poll_until(
        first, lambda: first.live.phase is Phase.LEARNING and first.live.step > 3
    )
    first.stop()
    poll_until(first, lambda: len(first.versions) == 1)
    poll_until(first, lambda: first.versions.pictures)
    wait_until_all_is_saved(first)
    (version,) = first.versions
    die(first)

    second = start("cells")
    offer = wait_for_offer(second)
    assert offer.text.startswith("Strokes painted on cells at ")
    assert offer.text.endswith(" were saved.")
    restore(second)
    assert second.problem is None
    np.testing.assert_array_equal(second.images.current.strokes.data, strokes)
    assert second.counts == {1: 60, 2: 60}
    assert (second.classes[2].name, second.classes[2].color) == ("wheel", "#123456")
    assert second.settings.training == TrainingConfig(seconds=7, seed=5)
    assert not second.learns_by_itself
    assert second.results.rules_of(LIVE)[2].threshold == 0.7
    assert second.results.presets_of(LIVE) == presets
    (again,) = second.versions
    assert (again.id, again.steps) == (version.id, version.steps)
    assert again.id in second.versions.pictures
    # The live model is back, and shows what it makes of the image.
    assert second.live.has_model
    assert second.versions.current == version.id
    poll_until(second, lambda: second.preview.shown > 0)
    preview = second.results.preview_of(second.images.current).layer.data
    assert (preview[20, 5], preview[20, 55]) == (1, 2)
    # Once it is saved again, the former folder goes.
    poll_until(second, lambda: len(list(saved_projects(projects))) == 1)
    assert next(saved_projects(projects)).path == second.keeper.own.folder.path
    assert second.recovery.recoverable is None


def test_the_wish_to_learn_while_painting_comes_back_and_waits_for_a_stroke(start):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25], 1)
    paint(first, np.s_[5:8, 35:55], 2)
    first.learns_by_itself = True
    poll_until(first, lambda: first.live.phase is Phase.LEARNING)
    first.stop()
    poll_until(first, lambda: len(first.versions) == 1)
    wait_until_all_is_saved(first)
    die(first)

    second = start("cells")
    told = []
    second.auto_training.settings_changed.connect(lambda: told.append(True))
    restore(second)
    assert second.learns_by_itself
    assert told
    for _ in range(20):
        second.poll()
    assert not second.live.is_running
    paint(second, np.s_[20:23, 5:25], 1)
    poll_until(second, lambda: second.live.phase is Phase.LEARNING)


def test_a_model_that_was_still_learning_comes_back_from_its_checkpoint(start):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25], 1)
    paint(first, np.s_[5:8, 35:55], 2)
    poll_until(first, lambda: len(first.counts) == 2)
    first.learn()
    poll_until(first, lambda: first.live.step > 3)
    # A real engine keeps this file up to date while it learns.

    model = Model(
        classes=(ClassInfo(1), ClassInfo(2)),
        preprocess=PreprocessConfig(),
        network=NetworkConfig(),
        n_channels=1,
        weights={},
        provenance={"steps": 42, "seconds": 3.0, "accuracy": None},
    )
    model.save(first.job.checkpoint)
    wait_until_all_is_saved(first)
    die(first)
    second = start("cells")
    wait_for_offer(second)
    sent = []
    engine = second.link.engine
    send = engine.use_model
    engine.use_model = lambda path, **more: (
        sent.append((path, more["step"])) or send(path, **more)
    )
    second.restore_project()
    poll_until(second, lambda: sent)
    assert sent == [(str(second.job.checkpoint), 42)]


def test_strokes_that_are_painted_already_are_not_painted_over(start, projects):
    first = start("cells")
    strokes = paint(first, np.s_[5:8, 5:25], 1).data.copy()
    wait_for_save(first, projects)
    die(first)
    second = start("cells")
    wait_for_offer(second)
    mine = paint(second, np.s_[30:33, 5:25], 2)
    mine_before = mine.data.copy()
    poll_until(second, lambda: second.counts)
    restore(second)
    np.testing.assert_array_equal(mine.data, mine_before)
    restored = second.images.current.strokes
    assert restored is not mine
    np.testing.assert_array_equal(restored.data, strokes)
    assert mine in second.real_viewer.layers
    assert mine.name in second.problem.message


def test_a_closed_session_can_be_restored_too(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    # The last stroke was not even noticed.
    close_session(first.real_viewer)
    assert int(saved_of(projects)["cells"].sum()) == 60
    second = start("cells")
    restore(second)
    assert second.counts == {1: 60}


def test_an_image_closed_while_it_is_restored_loses_nothing(start, projects):
    first = start("cells")
    strokes = paint(first, np.s_[5:8, 5:25]).data.copy()
    close_session(first.real_viewer)
    second = start("cells")
    wait_for_offer(second)
    second.restore_project()
    second.real_viewer.layers.clear()
    poll_until(second, lambda: not second.recovery.is_restoring)
    assert "could not be restored" in second.problem.message
    assert "cells was closed" in second.problem.details
    close_session(second.real_viewer)
    np.testing.assert_array_equal(saved_of(projects)["cells"], strokes)
    third = start("cells")
    restore(third)
    assert third.counts == {1: 60}


def test_a_session_closed_right_after_restoring_leaves_one_project(start, projects):
    first = start("cells")
    strokes = paint(first, np.s_[5:8, 5:25]).data.copy()
    close_session(first.real_viewer)
    second = start("cells")
    restore(second)
    close_session(second.real_viewer)
    np.testing.assert_array_equal(saved_of(projects)["cells"], strokes)


def test_another_image_gets_no_offer(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first.real_viewer)
    second = start("other")
    for _ in range(60):
        second.poll()
        time.sleep(0.01)
    assert second.recovery.recoverable is None
    # Nor does one that has exactly these strokes already.
    third = start("cells")
    paint(third, np.s_[5:8, 5:25])
    third.images.current.look_at_all()
    for _ in range(60):
        third.poll()
        time.sleep(0.01)
    assert third.recovery.recoverable is None


def test_the_offer_names_both_pictures_where_their_names_differ(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    wait_for_save(first, projects)
    die(first)
    # Another order of letters, so that `start` makes the same pixels.
    offer = wait_for_offer(start("scell"))
    assert offer.text.startswith("Strokes painted on cells at ")
    assert "would go onto 'scell' in place of 'cells'" in offer.text


def test_projects_with_fingerprints_of_the_first_version_are_found(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    wait_for_save(first, projects)
    pixels = first.images.current.layer.data
    die(first)
    (folder,) = saved_projects(projects)
    described = folder.description.read_text()
    written = fingerprint(pixels)
    assert described.count(written) == 1
    folder.description.write_text(
        described.replace(written, earlier_fingerprint(pixels))
    )
    second = start("cells")
    restore(second)
    assert second.problem is None
    assert second.counts == {1: 60}


def test_several_images_come_back_each_with_its_strokes(start, projects):
    first = start("a", "b", "c")
    expected = {}
    for number, name in enumerate("abc", start=1):
        first.images.choose(first.real_viewer.layers[name])
        layer = paint(first, np.s_[5:8, 5 : 10 + number], number)
        expected[name] = layer.data.copy()
    first.images.of_layer(first.real_viewer.layers["b"]).learns = False
    poll_until(first, lambda: len(first.counts) == 2)
    wait_until_all_is_saved(first)
    die(first)

    # Only two of them are open; the third comes later.
    second = start("b", "a")
    assert "a and b" in wait_for_offer(second).text
    restore(second)
    for name in "ab":
        annotated = second.images.of_layer(second.real_viewer.layers[name])
        np.testing.assert_array_equal(annotated.strokes.data, expected[name])
        assert annotated.learns == (name == "a")
    wait_until_all_is_saved(second)
    third = start("c")
    assert "on c " in wait_for_offer(third).text
    restore(third)
    np.testing.assert_array_equal(third.images.current.strokes.data, expected["c"])


def test_forget_deletes_what_was_saved(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first.real_viewer)
    second = start("cells")
    wait_for_offer(second)
    second.discard_recoverable()
    assert second.recovery.recoverable is None
    poll_until(second, lambda: not list(saved_projects(projects)))


def test_what_another_napari_works_on_is_not_offered(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    wait_for_save(first, projects)
    second = start("cells")
    paint(second, np.s_[9:10, 5:25])
    poll_until(second, lambda: len(list(saved_projects(projects))) == 2)
    for _ in range(40):
        second.poll()
        time.sleep(0.01)
    assert second.recovery.recoverable is None


def test_what_another_napari_restores_is_a_sentence(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first.real_viewer)
    second = start("cells")
    other = ProjectFolder(wait_for_offer(second).folder)
    assert other.lock()
    second.restore_project()
    assert "another window" in second.problem.message
    other.release()


@pytest.mark.parametrize(
    "damage",
    [
        "empty",
        "no json",
        "half",
        "classes",
        "version",
        "tile",
        "strange",
        "type",
        "huge",
    ],
)
def test_a_damaged_project_is_a_sentence_or_nothing(start, projects, damage):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first.real_viewer)
    (folder,) = saved_projects(projects)
    path = folder.description
    text = path.read_text()
    match damage:
        case "empty":
            path.unlink()
        case "no json":
            path.write_bytes(b"\x00\xff{")
        case "half":
            path.write_text(text[: len(text) // 2])
        case "classes":
            path.write_text(text.replace('"background": true', '"background": "x"'))
        case "version":
            path.write_text(text.replace('"versions": []', '"versions": [3]'))
        case "tile":
            tile = folder.path / "strokes-1" / "0.0.tile"
            tile.write_bytes(tile.read_bytes()[:30])
        case "strange":
            path.write_text(text.replace('"training": {', '"training": {"new": 1,'))
        case "type":
            path.write_text(text.replace('"uint8"', '"who knows"'))
        case "huge":
            path.write_text(text.replace(" 40,", " 4000000000000000,"))
    second = start("cells")
    if damage in ("empty", "no json", "half", "version", "type"):
        for _ in range(60):
            second.poll()
            time.sleep(0.01)
        assert second.recovery.recoverable is None
        assert second.problem is None
        return
    restore(second)
    said = second.problem.message
    assert said.endswith(".")
    assert "could not be" in said or "cannot be" in said
    # What could be read has come back; and nothing was thrown away.
    restored = damage in ("classes", "strange")
    assert second.counts == ({1: 60} if restored else {})
    assert path.is_file()


def test_a_deleted_strokes_layer_can_be_restored_later(start, projects):
    first = start("cells")
    layer = paint(first, np.s_[5:8, 5:25])
    wait_for_save(first, projects)
    first.real_viewer.layers.remove(layer)
    first.poll()
    close_session(first.real_viewer)
    second = start("cells")
    restore(second)
    assert second.counts == {1: 60}


def movie_strokes(session, box, class_id):
    """Paint into the strokes of the current image, whatever its axes are."""
    session.strokes_layer()
    current = session.images.current
    current.painted_data[box] = class_id
    current.look_at_all()
    return current.painted_data.copy()


def test_axes_are_restored_with_the_strokes(start):
    stack = np.zeros((5, 40, 60), np.uint8)
    first = start("movie", data=stack)
    first.choose_axes("tyx")
    painted = movie_strokes(first, np.s_[3, 5:8, 5:25], 1)
    wait_until_all_is_saved(first)
    die(first)
    second = start("movie", data=stack)
    assert second.images.current.image().axes == "zyx"
    restore(second)
    assert second.problem is None
    assert second.images.current.image().axes == "tyx"
    np.testing.assert_array_equal(second.images.current.painted_data, painted)


def test_strokes_of_both_meanings_of_the_axes_are_restored(start):
    stack = np.zeros((5, 40, 60), np.uint8)
    first = start("movie", data=stack)
    in_planes = movie_strokes(first, np.s_[3, 5:8, 5:25], 1)
    wait_until_all_is_saved(first)
    first.choose_axes("cyx")
    first.clear_problem()
    in_channels = movie_strokes(first, np.s_[5:8, 5:25], 2)
    wait_until_all_is_saved(first)
    die(first)
    second = start("movie", data=stack)
    offer = wait_for_offer(second)
    assert offer.text.startswith("Strokes painted on movie at ")
    restore(second)
    current = second.images.current
    assert current.image().axes == "cyx"
    np.testing.assert_array_equal(current.painted_data, in_channels)
    second.choose_axes("zyx")
    np.testing.assert_array_equal(second.images.current.painted_data, in_planes)


def test_strokes_between_channels_are_saved_while_they_are_painted(start):
    stack = np.zeros((5, 2, 40, 60), np.uint8)
    first = start("stack", data=stack)
    layer = first.strokes_layer()
    layer.mode = "paint"
    event = SimpleNamespace(
        type="mouse_press", position=(3.0, 1.0, 20.0, 30.0), dims_displayed=[2, 3]
    )
    (follow,) = [
        f for f in layer.mouse_drag_callbacks if "BrushTrail" in f.__qualname__
    ]
    next(follow(layer, event))
    layer.data[3, 0, 20, 25:35] = 2  # as napari does, without any event
    wait_until_all_is_saved(first)
    painted = first.images.current.painted_data.copy()
    die(first)
    second = start("stack", data=stack)
    restore(second)
    np.testing.assert_array_equal(second.images.current.painted_data, painted)
    assert painted[3].any()


def test_a_class_that_was_removed_stays_away_from_a_restored_project(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25], 1)
    paint(first, np.s_[5:8, 35:55], 2)
    paint(first, np.s_[20:23, 5:25], 3)
    poll_until(first, lambda: len(first.counts) == 3)
    first.learn()
    poll_until(first, lambda: first.preview.shown > 0)
    first.stop()
    poll_until(first, lambda: len(first.versions) == 1)
    first.remove_class(3)
    wait_until_all_is_saved(first)
    die(first)

    second = start("cells")
    restore(second)
    poll_until(second, lambda: second.preview.shown > 0)
    assert [info.id for info in second.live.classes] == [1, 2, 3]
    assert [info.id for info in second.classes] == [1, 2]
    assert second.counts == {1: 60, 2: 60}

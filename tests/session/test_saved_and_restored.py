"""What is painted is saved while it is painted, and comes back."""

from __future__ import annotations

import dataclasses
import gc
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from synchronous_engine import SynchronousEngine

from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.process.protocol.messages import LIVE
from napari_garage_unet.project.description import read_project
from napari_garage_unet.project.folders import (
    VARIABLE,
    ProjectFolder,
    saved_projects,
)
from napari_garage_unet.project.tiles import read_tiles
from napari_garage_unet.session import close_session, get_session
from napari_garage_unet.session.persistence.fingerprint import fingerprint
from napari_garage_unet.session.persistence.recoverable import moment
from napari_garage_unet.session.training.live_model import Phase


def poll_until(session, is_so):
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        session.poll()
        time.sleep(0.005)


def saved_of(root):
    """The strokes of the only saved project by the name of their image."""
    folders = list(saved_projects(root))
    if not folders or not folders[0].description.is_file():
        return {}
    (folder,) = folders
    return {
        image.name: read_tiles(
            folder.strokes(image.strokes), image.strokes_shape, image.strokes_dtype
        )[0]
        for image in read_project(folder.description).images
    }


def die(session):
    """What a killed napari leaves: no last save, and no lock."""
    folder = session.keeper.own.folder
    session.keeper.autosave.close = lambda: None
    close_session(session._real_viewer)
    if folder is not None:
        folder.release()


@pytest.fixture
def start(halves):
    """Start napari with some images and a session."""
    viewers = []

    def begin(*names, data=None):
        viewer = ViewerModel()
        viewers.append(viewer)
        session = get_session(viewer, make_client=SynchronousEngine)
        session._real_viewer = viewer
        for name in names:
            pixels = halves.copy() if data is None else data
            pixels[0, 0] = sum(map(ord, name)) % 251
            viewer.add_image(pixels, name=name)
        return session

    yield begin
    for viewer in viewers:
        close_session(viewer)


def paint(session, box, class_id=1):
    layer = session.strokes_layer()
    layer.data[box] = class_id
    layer.refresh()
    return layer


def wait_for_offer(session):
    poll_until(session, lambda: session.recovery.recoverable is not None)
    return session.recovery.recoverable


def wait_for_save(session, root, name="cells"):
    annotated = session.images.current

    def is_saved():
        found = saved_of(root) if root.exists() else {}
        return name in found and np.array_equal(found[name], annotated.strokes.data)

    poll_until(session, is_saved)


def restore(session):
    wait_for_offer(session)
    session.restore_project()
    poll_until(session, lambda: not session.recovery.is_restoring)


def test_a_stroke_is_on_disk_within_two_seconds(start, projects):
    session = start("cells")
    session.poll()
    paint(session, np.s_[5:8, 5:25])
    begin = time.monotonic()
    wait_for_save(session, projects)
    assert time.monotonic() - begin < 2
    paint(session, np.s_[6:7, 10:12], 0)  # erased
    begin = time.monotonic()
    wait_for_save(session, projects)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("is_first", [True, False])
def test_a_stroke_is_saved_before_the_brush_is_lifted(start, projects, is_first):
    session = start("cells")
    layer = session.strokes_layer()
    if not is_first:
        paint(session, np.s_[1:2, 1:3])
        wait_for_save(session, projects)
    layer.mode = "paint"
    event = SimpleNamespace(type="mouse_press", position=(20.0, 30.0))
    (follow,) = [
        f for f in layer.mouse_drag_callbacks if "BrushTrail" in f.__qualname__
    ]
    drag = follow(layer, event)
    next(drag)
    layer.data[20, 30:50] = 2  # as napari does, without any event
    event.type, event.position = "mouse_move", (20.0, 49.0)
    next(drag)
    wait_for_save(session, projects)
    event.type = "mouse_release"
    assert next(drag, "over") == "over"


def test_nothing_is_written_before_something_is_painted(start, projects):
    session = start("cells")
    session.strokes_layer()
    for _ in range(3):
        session.poll()
    close_session(session._real_viewer)
    assert not projects.exists()


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
    saved = []
    first.keeper.autosave.when_saved(lambda: saved.append(True))
    poll_until(first, lambda: saved)
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
    saved = []
    first.keeper.autosave.when_saved(lambda: saved.append(True))
    poll_until(first, lambda: saved)
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
    from napari_garage_unet.engine.annotations.classes import ClassInfo
    from napari_garage_unet.engine.images.config import PreprocessConfig
    from napari_garage_unet.engine.models.model import Model
    from napari_garage_unet.engine.networks.config import NetworkConfig

    model = Model(
        classes=(ClassInfo(1), ClassInfo(2)),
        preprocess=PreprocessConfig(),
        network=NetworkConfig(),
        n_channels=1,
        weights={},
        provenance={"steps": 42, "seconds": 3.0, "accuracy": None},
    )
    model.save(first.job.checkpoint)
    first.keeper.autosave.when_saved(lambda: None)
    poll_until(first, lambda: first.keeper.autosave._waiting == [])
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
    assert mine in second._real_viewer.layers
    assert mine.name in second.problem.message


def test_a_closed_session_can_be_restored_too(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    # The last stroke was not even noticed.
    close_session(first._real_viewer)
    assert int(saved_of(projects)["cells"].sum()) == 60
    second = start("cells")
    restore(second)
    assert second.counts == {1: 60}


def test_an_image_closed_while_it_is_restored_loses_nothing(start, projects):
    first = start("cells")
    strokes = paint(first, np.s_[5:8, 5:25]).data.copy()
    close_session(first._real_viewer)
    second = start("cells")
    wait_for_offer(second)
    second.restore_project()
    second._real_viewer.layers.clear()
    poll_until(second, lambda: not second.recovery.is_restoring)
    assert "could not be restored" in second.problem.message
    assert "cells was closed" in second.problem.details
    close_session(second._real_viewer)
    np.testing.assert_array_equal(saved_of(projects)["cells"], strokes)
    third = start("cells")
    restore(third)
    assert third.counts == {1: 60}


def test_a_session_closed_right_after_restoring_leaves_one_project(start, projects):
    first = start("cells")
    strokes = paint(first, np.s_[5:8, 5:25]).data.copy()
    close_session(first._real_viewer)
    second = start("cells")
    restore(second)
    close_session(second._real_viewer)
    np.testing.assert_array_equal(saved_of(projects)["cells"], strokes)


def test_another_image_gets_no_offer(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first._real_viewer)
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


def test_several_images_come_back_each_with_its_strokes(start, projects):
    first = start("a", "b", "c")
    expected = {}
    for number, name in enumerate("abc", start=1):
        first.images.choose(first._real_viewer.layers[name])
        layer = paint(first, np.s_[5:8, 5 : 10 + number], number)
        expected[name] = layer.data.copy()
    first.images.of_layer(first._real_viewer.layers["b"]).learns = False
    saved = []
    poll_until(first, lambda: len(first.counts) == 2)
    first.keeper.autosave.when_saved(lambda: saved.append(True))
    poll_until(first, lambda: saved)
    die(first)

    # Only two of them are open; the third comes later.
    second = start("b", "a")
    assert "a and b" in wait_for_offer(second).text
    restore(second)
    for name in "ab":
        annotated = second.images.of_layer(second._real_viewer.layers[name])
        np.testing.assert_array_equal(annotated.strokes.data, expected[name])
        assert annotated.learns == (name == "a")
    poll_until(second, lambda: second.keeper.autosave._waiting == [])
    third = start("c")
    assert "on c " in wait_for_offer(third).text
    restore(third)
    np.testing.assert_array_equal(third.images.current.strokes.data, expected["c"])


def test_forget_deletes_what_was_saved(start, projects):
    first = start("cells")
    paint(first, np.s_[5:8, 5:25])
    close_session(first._real_viewer)
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
    close_session(first._real_viewer)
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
    close_session(first._real_viewer)
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


def test_a_folder_deleted_by_somebody_is_made_again(start, projects):
    import shutil

    session = start("cells")
    paint(session, np.s_[5:8, 5:25])
    wait_for_save(session, projects)
    shutil.rmtree(session.keeper.own.folder.path)
    paint(session, np.s_[15:18, 5:25])
    poll_until(session, lambda: session.problem is not None)
    assert "is not being saved" in session.problem.message
    session.keeper.autosave._next = 0
    wait_for_save(session, projects)


def test_a_disk_that_cannot_be_written_is_said_once(start, projects):
    projects.write_text("not a folder")
    session = start("cells")
    paint(session, np.s_[5:8, 5:25])
    poll_until(session, lambda: session.problem is not None)
    assert "Save the strokes layer yourself." in session.problem.message
    session.clear_problem()
    session.keeper.autosave._next = 0
    for _ in range(5):
        session.poll()
    assert session.problem is None
    # Learning works all the same.
    paint(session, np.s_[15:18, 35:45], 2)
    assert session.learn()
    poll_until(session, lambda: session.live.step > 3)


def test_a_deleted_strokes_layer_can_be_restored_later(start, projects):
    first = start("cells")
    layer = paint(first, np.s_[5:8, 5:25])
    wait_for_save(first, projects)
    first._real_viewer.layers.remove(layer)
    first.poll()
    close_session(first._real_viewer)
    second = start("cells")
    restore(second)
    assert second.counts == {1: 60}


@pytest.fixture
def no_garbage_collection():
    """Keep the collector's pauses, long after many tests, out of what is timed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("shape", [(4096, 4096), (100, 512, 512)])
@pytest.mark.usefixtures("no_garbage_collection")
def test_saving_large_strokes_takes_the_viewer_no_time(start, projects, shape):
    pixels = np.zeros(shape, np.uint8)
    session = start("cells", data=pixels)
    layer = session.strokes_layer()
    poll_until(session, lambda: session.keeper._fingerprints.of(layer_of(session)))
    session.keeper.autosave.poll()
    longest = []
    # The kernel may take its time once; three times in a row it is ours.
    for _ in range(3):
        # Everything changes at once, the worst that can be.
        layer.data[...] += 1
        session.images.current.look_at_all()
        end = time.monotonic() + 30
        saved, taken = threading.Event(), []
        session.keeper.autosave.when_saved(saved.set)
        while not saved.is_set():
            assert time.monotonic() < end
            begin = time.thread_time()
            session.keeper.autosave.poll()
            taken.append(time.thread_time() - begin)
            time.sleep(0.005)
        longest.append(max(taken))
    assert min(longest) < 0.005
    total = int(saved_of(projects)["cells"].sum(dtype=np.int64))
    assert total == 3 * layer.data.size


def layer_of(session):
    return session.images.current.layer


def test_fingerprints_tell_images_apart_and_know_them_again():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    known = fingerprint(image, rgb=True)
    assert fingerprint(image.copy(), rgb=True) == known
    assert fingerprint(np.asfortranarray(image), rgb=True) == known
    others = [image[::-1], image[:, :-1], image.astype(np.uint16)]
    assert known not in [fingerprint(other, rgb=True) for other in others]
    assert fingerprint(image) != known  # the same pixels as a stack
    lazy = da.from_array(image, chunks=(100, 100, 3))
    assert fingerprint(lazy, rgb=True) == fingerprint(
        da.from_array(image, chunks=(50, 400, 3)), rgb=True
    )
    tiny = fingerprint(np.zeros((1, 1)))
    assert len(tiny) == 32


def test_times_are_said_as_people_say_them():
    now = time.mktime((2026, 11, 23, 18, 0, 0, 0, 0, -1))
    today = time.mktime((2026, 11, 23, 14, 32, 0, 0, 0, -1))
    assert moment(today, now=now) == "at 14:32"
    before = time.mktime((2026, 11, 3, 9, 5, 0, 0, 0, -1))
    assert moment(before, now=now) == "on 3 Nov at 09:05"
    long_ago = time.mktime((2024, 2, 29, 9, 5, 0, 0, 0, -1))
    assert moment(long_ago, now=now) == "on 29 Feb 2024 at 09:05"


def test_a_script_that_ends_without_closing_the_viewer_has_saved_its_strokes(tmp_path):
    script = """
import time, numpy as np
from napari.components import ViewerModel
from napari_garage_unet.session import get_session

viewer = ViewerModel()
session = get_session(viewer)
viewer.add_image(np.arange(2400, dtype=np.uint8).reshape(40, 60), name="cells")
layer = session.strokes_layer()
layer.data[5:8, 5:25] = 1
layer.refresh()
end = time.monotonic() + 10
while not session.counts and time.monotonic() < end:
    session.poll()
# Not saved yet.
session.keeper.autosave.poll = lambda: None
layer.data[30:33, 5:25] = 2
session.images.current.look_at_all()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, VARIABLE: str(tmp_path / "projects")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Error" not in done.stderr
    strokes = saved_of(tmp_path / "projects")["cells"]
    assert np.bincount(strokes.ravel(), minlength=3)[1:].tolist() == [60, 60]

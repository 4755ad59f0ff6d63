"""What is painted is on disk a moment later."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from saved_sessions import paint, poll_until, saved_of, wait_for_save

from napari_garage_unet.project.folders import PROJECTS_VARIABLE
from napari_garage_unet.session import close_session
from napari_garage_unet.session.persistence import autosave


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
    event = SimpleNamespace(
        type="mouse_press", position=(20.0, 30.0), dims_displayed=[0, 1]
    )
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
    close_session(session.real_viewer)
    assert not projects.exists()


def test_a_folder_that_was_deleted_is_made_again(start, projects, monkeypatch):
    monkeypatch.setattr(autosave, "RETRY_SECONDS", 0.0)
    session = start("cells")
    paint(session, np.s_[5:8, 5:25])
    wait_for_save(session, projects)
    shutil.rmtree(session.keeper.own.folder.path)
    paint(session, np.s_[15:18, 5:25])
    poll_until(session, lambda: session.problem is not None)
    assert "is not being saved" in session.problem.message
    wait_for_save(session, projects)


def test_a_disk_that_cannot_be_written_is_said_once(start, projects, monkeypatch):
    monkeypatch.setattr(autosave, "RETRY_SECONDS", 0.0)
    projects.write_text("not a folder")
    session = start("cells")
    paint(session, np.s_[5:8, 5:25])
    poll_until(session, lambda: session.problem is not None)
    assert "Save the strokes layer yourself." in session.problem.message
    session.clear_problem()
    for _ in range(5):
        session.poll()
    assert session.problem is None
    # Learning works all the same.
    paint(session, np.s_[15:18, 35:45], 2)
    assert session.learn()
    poll_until(session, lambda: session.live.step > 3)


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
    poll_until(session, lambda: session.keeper.fingerprints.of(layer_of(session)))
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
        env={**os.environ, PROJECTS_VARIABLE: str(tmp_path / "projects")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Error" not in done.stderr
    strokes = saved_of(tmp_path / "projects")["cells"]
    assert np.bincount(strokes.ravel(), minlength=3)[1:].tolist() == [60, 60]

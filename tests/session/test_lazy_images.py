"""Of images that are not in memory only the planes that are needed are read."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from lazy_stacks import LazyStack
from napari.components import ViewerModel
from synchronous_engine import SynchronousEngine

from napari_garage_unet.process.protocol.messages import (
    LIVE,
    OpenImage,
    SetPlane,
    Train,
)
from napari_garage_unet.session import Session
from napari_garage_unet.session.connection import plane_reading
from napari_garage_unet.session.segmentation.segmentation_job import SegmentationOptions

Run = Callable[..., None]


def paint(session: Session, *planes: int, classes: tuple[int, ...] = (1, 2)) -> Any:
    layer = session.strokes_layer()
    for plane in planes:
        if 1 in classes:
            layer.data[plane, 5:8, 5:25] = 1
        if 2 in classes:
            layer.data[plane, 5:8, 35:55] = 2
    layer.refresh()
    return layer


def learn(session: Session, run: Run, *, steps: int = 2) -> None:
    assert session.learn(), session.hint
    run(lambda: session.live.step >= steps)
    session.stop()
    run(lambda: not session.live.is_running)


def show(viewer: ViewerModel, data: Any, **how: Any) -> Any:
    return viewer.add_image(data, name="stack", contrast_limits=(0, 255), **how)


def settle(session: Session) -> None:
    """Let the session look at what was opened."""
    for _ in range(20):
        session.poll()
        time.sleep(0.005)


def test_planes_that_are_neither_painted_nor_on_view_are_not_read(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(500)
    layer = show(viewer, stack.array)
    viewer.dims.set_point(0, 250)
    settle(session)
    paint(session, 250)
    stack.made.clear()
    learn(session, run)
    (result,) = session.segment(LIVE, [layer], SegmentationOptions())
    run(lambda: not session.segmentation.is_running)
    settle(session)
    assert stack.made == {250}
    assert result.planes == ((250,),)
    assert (result.layer.data[250, :, :30] == 1).all()
    assert (result.layer.data[250, :, 30:] == 2).all()


def test_a_stack_is_recognised_by_the_plane_that_it_opens_with(
    viewer: ViewerModel, session: Session
) -> None:
    stack = LazyStack(500)
    show(viewer, stack.array)
    on_opening = set(stack.made)
    time.sleep(0.1)
    assert stack.made == on_opening
    viewer.dims.set_point(0, 250)
    stack.made.clear()
    settle(session)
    assert session.keeper.fingerprints.of_all(session.images.current.layers)
    assert stack.made == set()


def test_another_plane_is_read_when_it_comes_on_view(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(50)
    show(viewer, stack.array)
    viewer.dims.set_point(0, 25)
    settle(session)
    paint(session, 10, 25)
    stack.made.clear()
    learn(session, run)
    run(lambda: len(session.results) == 1)
    assert stack.made == {10, 25}
    viewer.dims.set_point(0, 40)
    preview = session.results.preview_of(session.images.current)
    assert preview is not None
    run(lambda: (40,) in preview.planes)
    assert stack.made == {10, 25, 40}
    assert (preview.layer.data[40, :, 30:] == 2).all()


def test_a_plane_that_is_painted_while_learning_is_read_and_learnt(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    stack = LazyStack(50)
    show(viewer, stack.array)
    viewer.dims.set_point(0, 25)
    settle(session)
    layer = paint(session, 25)
    stack.made.clear()
    session.learn()
    run(lambda: session.live.step >= 2)
    layer.data[7, 5:8, 5:25] = 3
    layer.refresh()
    layer.events.set_data()
    run(lambda: 3 in engine.model)
    assert stack.made == {7, 25}


def test_learn_returns_at_once_however_slowly_planes_are_read(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    stack = LazyStack(9)
    show(viewer, stack.array)
    paint(session, 2)
    stack.seconds = 0.3
    begin = time.monotonic()
    assert session.learn()
    assert time.monotonic() - begin < 0.2
    assert engine.sent(Train) == []
    run(lambda: session.live.step >= 1)


def test_reading_happens_in_another_thread(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    threads = []

    def make(block: Any) -> Any:
        threads.append(threading.current_thread())
        return block

    stack = da.zeros((9, 40, 60), chunks=(1, 40, 60), dtype=np.uint8)
    show(viewer, stack.map_blocks(make, dtype=np.uint8))
    paint(session, 2)
    threads.clear()
    learn(session, run)
    assert threads
    assert threading.main_thread() not in threads


def test_stopping_before_the_planes_were_read_ends_learning(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    stack = LazyStack(9)
    show(viewer, stack.array)
    paint(session, 2)
    stack.seconds = 0.2
    session.learn()
    session.stop()
    run(lambda: not session.live.is_running)
    assert session.problem is None
    assert engine.sent(Train) == []


def test_all_planes_are_segmented_one_after_the_other(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    stack = LazyStack(12)
    layer = show(viewer, stack.array)
    paint(session, 6)
    learn(session, run)
    engine.holds_predictions = True
    stack.made.clear()
    (result,) = session.segment(LIVE, [layer], SegmentationOptions(all_planes=True))
    settle(session)
    # The one that is computed is there already; the next one is read meanwhile.
    assert len(stack.made) <= 2
    engine.holds_predictions = False
    run(lambda: not session.segmentation.is_running)
    assert len(result.planes) == 12
    assert (result.layer.data[:, :, 30:] == 2).all()


def test_a_plane_that_cannot_be_read_is_named_and_the_rest_is_segmented(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(8)
    layer = show(viewer, stack.array)
    viewer.dims.set_point(0, 4)
    paint(session, 4)
    learn(session, run)
    stack.broken = {2}
    (result,) = session.segment(LIVE, [layer], SegmentationOptions(all_planes=True))
    run(lambda: not session.segmentation.is_running)
    assert session.problem is not None
    said = session.problem.message
    assert said.startswith(
        "Plane z 2 of 'stack' cannot be read (chunk 2.0.0 is missing"
    )
    assert set(result.planes) == {(z,) for z in range(8) if z != 2}


def test_strokes_on_a_plane_that_cannot_be_read_are_left_out(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    stack = LazyStack(8)
    show(viewer, stack.array)
    viewer.dims.set_point(0, 4)
    settle(session)
    paint(session, 2, 4)
    stack.broken = {2}
    session.learn()
    run(lambda: session.live.step >= 1)
    assert session.problem is not None
    assert "Plane z 2 of 'stack' cannot be read" in session.problem.message
    assert "not learnt from" in session.problem.message
    assert engine.model == {1: 20, 2: 220}


def test_learning_from_unreadable_planes_alone_says_so(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(8)
    show(viewer, stack.array)
    viewer.dims.set_point(0, 4)
    settle(session)
    paint(session, 2)
    stack.broken = {2}
    session.learn()
    run(lambda: not session.live.is_running)
    settle(session)
    assert session.problem is not None
    assert "Plane z 2 of 'stack' cannot be read" in session.problem.message


def test_data_that_is_replaced_while_it_is_read_is_not_used(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    slow, other = LazyStack(8), LazyStack(8)
    layer = show(viewer, slow.array)
    paint(session, 3)
    slow.seconds = 0.2
    session.learn()
    layer.data = other.array[:, :, ::-1]
    run(lambda: not session.live.is_running)
    learn(session, run)
    assert engine.model == {1: 220, 2: 20}
    assert 3 in other.made


@pytest.mark.parametrize(
    "kind", ["zarr", "memmap", "channels", "transposed", "pyramid"]
)
def test_other_arrays_that_are_not_in_memory(
    kind: str, viewer: ViewerModel, session: Session, run: Run, tmp_path: Any
) -> None:
    pixels = LazyStack(6).array.compute()
    labels = None
    multiscale = None
    if kind == "pyramid":
        levels = [pixels, pixels[:, ::2, ::2]]
        data = [da.from_array(level, chunks=(1, 20, 30)) for level in levels]
        multiscale = True
    elif kind == "zarr":
        data = zarr.create_array(
            store={}, shape=pixels.shape, chunks=(1, 40, 60), dtype=pixels.dtype
        )
        data[...] = pixels
    elif kind == "memmap":
        data = np.memmap(tmp_path / "stack", np.uint8, "w+", shape=pixels.shape)
        data[...] = pixels
    elif kind == "channels":
        data = da.from_array(np.stack([pixels, pixels]), chunks=(1, 1, 40, 60))
        labels = ("c", "z", "y", "x")
    else:
        data = da.from_array(pixels.transpose(0, 2, 1), chunks=(1, 60, 40))
        labels = ("z", "x", "y")
    layer = show(viewer, data, axis_labels=labels, multiscale=multiscale)
    if kind == "transposed":
        strokes = session.strokes_layer()
        strokes.data[2, 5:25, 5:8], strokes.data[2, 35:55, 5:8] = 1, 2
    else:
        paint(session, 2)
    learn(session, run)
    (result,) = session.segment(LIVE, [layer], SegmentationOptions(all_planes=True))
    run(lambda: not session.segmentation.is_running)
    bright = pixels == 220
    expected = bright.transpose(0, 2, 1) if kind == "transposed" else bright
    assert np.array_equal(result.layer.data, np.where(expected, 2, 1))


def test_a_slide_that_is_too_large_is_one_sentence_before_anything_is_read(
    viewer: ViewerModel, session: Session, engine: SynchronousEngine
) -> None:
    made = []

    def make(block: Any) -> Any:
        made.append(block.shape)
        return block

    levels = [
        da.zeros((side, side), chunks=2500, dtype=np.uint8).map_blocks(
            make, dtype=np.uint8
        )
        for side in (40000, 20000, 10000)
    ]
    show(viewer, levels, multiscale=True)
    layer = session.strokes_layer()
    layer.data[5:8, 5:25], layer.data[5:8, 35:55] = 1, 2
    settle(session)
    made.clear()
    assert not session.learn()
    assert session.problem is not None
    assert "'stack' has 40000 x 40000 pixels" in session.problem.message
    assert "6.4 GB" in session.problem.message
    assert "crop it" in session.problem.message
    settle(session)
    assert made == []
    assert engine.sent(OpenImage) == []


def test_a_long_stack_takes_the_memory_of_the_planes_in_use(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(300, shape=(1024, 1024))
    show(viewer, stack.array)
    viewer.dims.set_point(0, 250)
    settle(session)
    paint(session, 250)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.monotonic()
    assert session.learn()
    assert time.monotonic() - begin < 1
    run(lambda: session.live.step >= 2)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000, f"{grown / 1000:.0f} MB"


def test_a_large_stack_in_memory_is_handed_over_by_plane_too(
    viewer: ViewerModel,
    session: Session,
    run: Run,
    engine: SynchronousEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plane_reading, "MAX_WHOLE_COPY_BYTES", 1000)
    layer = show(viewer, LazyStack(20).array.compute())
    viewer.dims.set_point(0, 7)
    paint(session, 3)
    learn(session, run)
    (result,) = session.segment(LIVE, [layer], SegmentationOptions())
    run(lambda: not session.segmentation.is_running)
    assert {request.plane for request in engine.sent(SetPlane)} == {(3,), (7,)}
    assert (result.layer.data[7, :, 30:] == 2).all()


def test_planes_are_given_to_an_engine_that_was_restarted(
    viewer: ViewerModel, session: Session, run: Run, engine: SynchronousEngine
) -> None:
    show(viewer, LazyStack(8).array)
    paint(session, 3)
    session.learn()
    run(lambda: session.live.step >= 2)
    engine.die()
    run(lambda: not session.live.is_running)
    before = len(engine.sent(SetPlane))
    session.job.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    session.job.checkpoint.write_text("{}")
    session.restart()
    run(lambda: session.live.is_running and engine.model != {})
    again = engine.sent(SetPlane)[before:]
    assert (3,) in {request.plane for request in again}
    assert engine.model == {1: 20, 2: 220}


def test_a_stack_whose_layer_is_deleted_is_read_no_more(
    viewer: ViewerModel, session: Session, run: Run
) -> None:
    stack = LazyStack(40)
    layer = show(viewer, stack.array)
    paint(session, *range(40))
    stack.made.clear()
    stack.seconds = 0.05
    session.learn()
    viewer.layers.remove(layer)
    run(lambda: not session.live.is_running)
    time.sleep(0.2)
    settle(session)
    assert len(stack.made) <= 3

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import Pipe
from queue import Queue
from typing import Any

import numpy as np
import pytest

from napari_garage_unet.process.protocol.messages import (
    Cancel,
    CloseImage,
    Done,
    Failed,
    LoadModel,
    OpenImage,
    Predict,
    SetStrokes,
    Shutdown,
    Stop,
    StrokesNeeded,
    Train,
)
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
from napari_garage_unet.process.server.images import ImageRegistry
from napari_garage_unet.process.server.opened_image import MAX_KEPT_EDITS
from napari_garage_unet.process.server.transport import Inbox, Outbox


class Engine:
    """The receiving half of an engine process whose main thread never comes."""

    def __init__(self) -> None:
        self.viewer, connection = Pipe()
        self.registry = ImageRegistry()
        self.ended: Queue[bool] = Queue()
        outbox = Outbox(connection)
        self.inbox = Inbox(connection, self.registry, outbox, on_end=self.ended.put)
        self.inbox.open()

    def get(self, request: Any) -> Any:
        self.viewer.send(request)
        return self.event()

    def event(self) -> Any:
        assert self.viewer.poll(20), "no answer"
        return self.viewer.recv()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.viewer.close()


def test_images_and_strokes_are_taken_whatever_the_engine_is_busy_with(
    engine: Engine,
) -> None:
    pixels = np.arange(24, dtype=np.uint16).reshape(4, 6)
    painted = np.zeros((4, 6), np.uint8)
    painted[1, 2] = 7
    with SharedBlock.copy_of(pixels) as image, SharedBlock.copy_of(painted) as strokes:
        request = OpenImage(1, "a", image.description, "yx", (0.5, 0.5), "cells")
        assert engine.get(request) == Done(1)
        assert not engine.registry.strokes("a").any()
        assert engine.get(SetStrokes(2, "a", strokes.description)) == Done(2)
        # Answered means copied: the viewer may write the next strokes there.
        strokes.array[:] = 9
        np.testing.assert_array_equal(engine.registry.strokes("a"), painted)
        assert engine.registry.image("a").spacing == (0.5, 0.5)
        np.testing.assert_array_equal(
            engine.registry.image("a").plane()[..., 0], pixels
        )

        assert engine.get(CloseImage(3, "a")) == Done(3)
        assert (
            "was closed" in engine.get(SetStrokes(4, "a", strokes.description)).message
        )


def test_the_engine_knows_where_an_image_has_no_data(engine: Engine) -> None:
    pixels = np.full((4, 6), -9999.0, np.float32)
    pixels[:, 2:] = 1
    mask = np.ones((4, 6), bool)
    mask[:, 5] = False
    with SharedBlock.copy_of(pixels) as block, SharedBlock.copy_of(mask) as valid:
        request = OpenImage(
            1, "a", block.description, "yx", (), "dem", -9999.0, valid.description
        )
        assert engine.get(request) == Done(1)
        valid.array[:] = False  # Answered means copied.
        image = engine.registry.image("a")
        missing = image.missing_values(image.plane())
    assert missing is not None
    np.testing.assert_array_equal(missing[0, :, 0], [1, 1, 0, 0, 0, 1])


def test_opening_an_image_again_drops_its_strokes(engine: Engine) -> None:
    block = SharedBlock.copy_of(np.ones((4, 6), np.uint8))
    for number in (1, 3):
        engine.get(OpenImage(number, "a", block.description, "yx", (), "cells"))
        assert not engine.registry.strokes("a").any()
        engine.get(SetStrokes(number + 1, "a", block.description))
        assert engine.registry.strokes("a").all()
    block.close()


def open_image(engine: Engine) -> SharedBlock:
    image = SharedBlock.copy_of(np.ones((4, 6), np.uint8))
    engine.get(OpenImage(1, "a", image.description, "yx", (), "cells"))
    return image


def send(engine: Engine, number: int, values: Any, **box: Any) -> Any:
    with SharedBlock.copy_of(np.asarray(values, np.uint8)) as block:
        return engine.get(SetStrokes(number, "a", block.description, **box))


def test_a_box_changes_the_strokes_it_follows(engine: Engine) -> None:
    image = open_image(engine)
    expected = np.zeros((4, 6), np.uint8)
    assert send(engine, 2, expected) == Done(2)
    expected[1:3, 2:5] = [[1, 2, 3], [4, 5, 6]]
    answer = send(engine, 3, expected[1:3, 2:5], box=((1, 3), (2, 5)), follows=2)
    assert answer == Done(3)
    expected[0, 0] = 7
    answer = send(engine, 4, [[7]], box=((0, 1), (0, 1)), follows=3)
    assert answer == Done(4)
    np.testing.assert_array_equal(engine.registry.strokes("a"), expected)
    assert engine.registry.strokes_id("a") == 4
    image.close()


def test_a_box_after_a_lost_message_changes_nothing_and_asks_for_everything(
    engine: Engine,
) -> None:
    image = open_image(engine)
    one = {"box": ((0, 1), (0, 1)), "follows": 2}
    # Opened anew, so there is nothing that a box could follow.
    assert send(engine, 3, [[1]], **one) == StrokesNeeded(3, "a")
    assert send(engine, 4, [[1]], **{**one, "follows": 0}) == StrokesNeeded(4, "a")
    send(engine, 5, np.full((4, 6), 3))
    assert send(engine, 7, [[1]], **{**one, "follows": 6}) == StrokesNeeded(7, "a")
    assert (engine.registry.strokes("a") == 3).all()
    assert engine.registry.strokes_id("a") == 5
    image.close()


def test_a_training_catches_up_by_boxes_or_takes_everything(engine: Engine) -> None:
    image = open_image(engine)
    send(engine, 2, np.full((4, 6), 1))
    box = ((0, 1), (0, 2))
    send(engine, 3, [[2, 2]], box=box, follows=2)
    send(engine, 4, [[3, 3]], box=box, follows=3)
    assert engine.registry.edits_since("a", 4) == (4, [])
    newest, edits = engine.registry.edits_since("a", 2)
    assert newest == 4
    assert [edit.box for edit in edits] == [(slice(0, 1), slice(0, 2))] * 2
    assert [np.unique(edit.values).tolist() for edit in edits] == [[2], [3]]
    assert len(engine.registry.edits_since("a", 3)[1]) == 1
    newest, (whole,) = engine.registry.edits_since("a", 1)
    assert newest == 4
    assert whole.box == (slice(0, 4), slice(0, 6))
    np.testing.assert_array_equal(whole.values, engine.registry.strokes("a"))
    for number in range(5, 5 + MAX_KEPT_EDITS):
        send(engine, number, [[number, 0]], box=box, follows=number - 1)
    (is_whole,) = engine.registry.edits_since("a", 3)[1]
    assert is_whole.box == (slice(0, 4), slice(0, 6))
    image.close()


def test_what_does_not_fit_is_a_sentence(engine: Engine) -> None:
    with SharedBlock.copy_of(np.zeros((4, 6), np.uint8)) as block:
        bad = engine.get(OpenImage(1, "a", block.description, "zyx", (), "cells"))
        assert bad.id == 1
        assert "cells has 2 axes" in bad.message
        engine.get(OpenImage(2, "a", block.description, "yx", (), "cells"))
        with SharedBlock.copy_of(np.zeros((6, 4), np.uint8)) as strokes:
            bad = engine.get(SetStrokes(3, "a", strokes.description))
        assert "(4, 6)" in bad.message
        assert "(6, 4)" in bad.message
        gone = engine.get(SetStrokes(4, "a", strokes.description))
        assert "no longer there" in gone.message


def test_stop_withdraws_a_training_that_has_not_begun(engine: Engine) -> None:
    engine.viewer.send(Train(1, ("a",), ()))
    failed = engine.get(Stop(2))
    assert (failed.id, failed.cancelled) == (1, True)
    assert engine.event() == Done(2)
    assert engine.inbox.take() == []


def test_a_stop_for_a_running_training_waits_for_it(engine: Engine) -> None:
    engine.viewer.send(Stop(1))
    engine.viewer.send(Train(2, ("a",), ()))
    assert engine.inbox.take(wait=True)[0] == Stop(1)


def test_cancel_withdraws_only_the_prediction_it_names(engine: Engine) -> None:
    block = SharedBlock((1, 2, 2), np.uint8)
    predictions = [Predict(i, "live", "a", (), block.description) for i in (1, 2)]
    for request in predictions:
        engine.viewer.send(request)
    assert engine.get(Cancel(3, 1)) == Failed(
        1, "The prediction was cancelled.", cancelled=True
    )
    assert engine.event() == Done(3)
    assert engine.inbox.take() == [predictions[1]]
    block.close()


def test_requests_keep_their_order(engine: Engine) -> None:
    requests = [LoadModel(i, f"model {i}") for i in range(5)]
    for request in requests:
        engine.viewer.send(request)
    taken: list[Any] = []
    while len(taken) < 5:
        taken += engine.inbox.take(wait=True)
    assert taken == requests
    assert not engine.inbox.holds(LoadModel)


@pytest.mark.parametrize("asked", [True, False])
def test_the_end_wakes_the_main_thread_and_tells_whether_the_viewer_asked(
    engine: Engine, asked: bool
) -> None:
    if asked:
        engine.viewer.send(Shutdown(1))
    else:
        engine.viewer.close()
    assert engine.inbox.take(wait=True) == []
    assert engine.inbox.closed
    assert engine.ended.get(timeout=20) is asked

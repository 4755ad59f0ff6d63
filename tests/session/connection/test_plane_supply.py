"""Requests wait for the planes that they need."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import dask.array as da
import numpy as np
import pytest
from lazy_stacks import LazyStack
from synchronous_engine import SynchronousEngine

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    DropPlane,
    Event,
    Failed,
    Predict,
    SetPlane,
    SetStrokes,
    Train,
)
from napari_garage_unet.session.connection import plane_supply
from napari_garage_unet.session.connection.plane_reading import check_plane_size
from napari_garage_unet.session.connection.requests import EngineRequests


@pytest.fixture
def engine() -> SynchronousEngine:
    engine = SynchronousEngine()
    engine.start()
    engine.holds_predictions = True
    return engine


@pytest.fixture
def requests(engine: SynchronousEngine) -> Iterator[EngineRequests]:
    requests = EngineRequests(engine)
    yield requests
    requests.close()


@pytest.fixture
def stack(requests: EngineRequests) -> LazyStack:
    stack = LazyStack(9)
    requests.open_image("a", Image(stack.array, "zyx", name="stack"))
    return stack


def wait(requests: EngineRequests, is_so: Callable[[], Any]) -> list[Event]:
    events: list[Event] = []
    end = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < end, "it did not come to be"
        events += requests.poll()
        time.sleep(0.002)
    return events


def predict(requests: EngineRequests, z: int, answers: list[Event]) -> int:
    return requests.predict(
        LIVE,
        "a",
        n_classes=2,
        size=(40, 60),
        plane=(z,),
        on_answer=lambda event, _: answers.append(event),
    )


def paint(requests: EngineRequests, *planes: int, **how: Any) -> int:
    strokes = np.zeros((9, 40, 60), np.uint8)
    for z in planes:
        strokes[z, 5:8, 5:25], strokes[z, 5:8, 35:55] = 1, 2
    how = {"positions": planes, **how}
    return requests.set_strokes("a", strokes, on_answer=lambda _: None, **how)


def train(requests: EngineRequests, answers: list[Event], **preprocess: Any) -> int:
    return requests.train(
        ["a"],
        classes=[],
        preprocess=preprocess,
        network={},
        training={},
        resume=False,
        start_from=None,
        checkpoint="",
        made_for={},
        on_answer=answers.append,
    )


def sent_kinds(engine: SynchronousEngine, *kinds: type) -> list[str]:
    return [type(r).__name__ for r in engine.requests if isinstance(r, kinds)]


def test_a_prediction_is_sent_after_its_plane(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    predict(requests, 3, [])
    assert engine.sent(Predict) == []
    wait(requests, lambda: engine.sent(Predict))
    assert sent_kinds(engine, SetPlane, Predict) == ["SetPlane", "Predict"]
    predict(requests, 3, [])
    assert len(engine.sent(Predict)) == 2  # At once: the engine has the plane.
    assert len(engine.sent(SetPlane)) == 1


def test_training_waits_for_the_strokes_and_these_for_their_planes(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    paint(requests, 2, 5)
    train(requests, [])
    wait(requests, lambda: engine.sent(Train))
    kinds = sent_kinds(engine, SetPlane, SetStrokes, Train)
    assert kinds == ["SetPlane", "SetPlane", "SetStrokes", "Train"]
    assert stack.made == {2, 5}
    (strokes,) = engine.sent(SetStrokes)
    assert strokes.positions == (2, 5)
    assert strokes.array.shape == (2, 40, 60)


def test_a_change_of_strokes_reads_the_planes_it_paints_and_no_others(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    paint(requests, 2)
    wait(requests, lambda: engine.sent(SetStrokes))
    box = (slice(1, 8), slice(0, 40), slice(0, 60))
    paint(requests, 2, 7, changed=box)
    wait(requests, lambda: len(engine.sent(SetStrokes)) == 2)
    assert stack.made == {2, 7}
    assert engine.strokes["a"][7].any()


def test_contrast_of_the_whole_stack_reads_eight_planes_more(
    requests: EngineRequests, engine: SynchronousEngine
) -> None:
    stack = LazyStack(100)
    requests.open_image("a", Image(stack.array, "zyx", name="stack"))
    strokes = np.zeros((100, 40, 60), np.uint8)
    strokes[50, 5:8, 5:25], strokes[50, 5:8, 35:55] = 1, 2
    requests.set_strokes("a", strokes, positions=(50,), on_answer=lambda _: None)
    train(requests, [], contrast="stack")
    wait(requests, lambda: engine.sent(Train))
    assert stack.made == {0, 14, 28, 42, 50, 57, 71, 85, 99}


def test_a_prediction_that_is_cancelled_while_it_waits_is_not_sent(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    answers: list[Event] = []
    stack.seconds = 0.1
    number = predict(requests, 3, answers)
    requests.cancel(number)
    wait(requests, lambda: answers)
    (answer,) = answers
    assert isinstance(answer, Failed)
    assert (answer.id, answer.cancelled) == (number, True)
    wait(requests, lambda: engine.sent(SetPlane))
    assert engine.sent(Predict) == []


def test_planes_are_taken_back_when_they_fill_the_memory(
    requests: EngineRequests,
    engine: SynchronousEngine,
    stack: LazyStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plane_supply, "MAX_SPARE_BYTES", 3 * 4096)
    paint(requests, 0)
    wait(requests, lambda: engine.sent(SetStrokes))
    engine.holds_predictions = False
    for z in range(1, 9):
        answers: list[Event] = []
        predict(requests, z, answers)
        wait(requests, lambda found=answers: found)
    dropped = [request.plane for request in engine.sent(DropPlane)]
    assert dropped == [(1,), (2,), (3,), (4,)]


def test_an_engine_that_dies_fails_what_waits(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    answers: list[Event] = []
    stack.seconds = 0.1
    predict(requests, 3, answers)
    engine.die()
    requests.poll()
    assert isinstance(answers[0], Failed)
    assert not answers[0].cancelled


def test_closing_an_image_withdraws_what_waits_for_it(
    requests: EngineRequests, engine: SynchronousEngine, stack: LazyStack
) -> None:
    answers: list[Event] = []
    stack.seconds = 0.05
    predict(requests, 3, answers)
    requests.close_image("a")
    wait(requests, lambda: answers)
    assert isinstance(answers[0], Failed)
    assert answers[0].cancelled
    time.sleep(0.1)
    requests.poll()
    assert engine.sent(SetPlane) == []


@pytest.mark.parametrize(("side", "fits"), [(22000, True), (23000, False)])
def test_planes_up_to_two_gigabytes_of_numbers_are_read(side: int, fits: bool) -> None:

    image = Image(
        da.zeros((side, side), dtype=np.uint8, chunks=1000), "yx", name="slide"
    )
    if fits:
        check_plane_size(image)
    else:
        with pytest.raises(InputError, match="'slide' has 23000 x 23000 pixels"):
            check_plane_size(image)

"""The order of turns: predictions are of one state, and training never starves."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Cancel,
    Done,
    Event,
    Failed,
    OpenImage,
    Predict,
    Predicted,
    Progress,
    Ready,
    Request,
    SetStrokes,
    Stop,
    Train,
    Trained,
    Warm,
)
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
from napari_garage_unet.process.server import scheduler as scheduler_module
from napari_garage_unet.process.server.images import ImageRegistry
from napari_garage_unet.process.server.scheduler import Scheduler
from napari_garage_unet.process.server.transport import Outbox

SHAPE = (48, 64)
CLASSES = (to_json(ClassInfo(1)), to_json(ClassInfo(2)))
NETWORK = {"encoder": "plain", "width": 4, "depth": 1, "norm": "none"}


class RecordingOutbox(Outbox):
    """Keeps what is sent; errors are events, as for the viewer."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def send(self, event: Event) -> None:
        self.events.append(event)


class ScriptedInbox:
    """Gives the requests of a script, one list per turn, until it ends."""

    def __init__(self, script: Iterator[list[Request]]) -> None:
        self._script = script
        self.closed = False

    def holds(self, kind: type[Request]) -> bool:
        return False

    def take(self, *, wait: bool = False) -> list[Request]:
        requests = next(self._script, None)
        self.closed = requests is None
        return requests or []


class Stage:
    """A scheduler with an open image, and the shared memory of its predictions."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        pixels = rng.normal(0.4, 0.05, SHAPE).astype(np.float32)
        strokes = np.zeros(SHAPE, np.uint8)
        strokes[5, 5:40], strokes[30, 5:40] = 1, 2
        self.images, self.outbox = ImageRegistry(), RecordingOutbox()
        self.blocks = [SharedBlock.copy_of(pixels), SharedBlock.copy_of(strokes)]
        image, painted = (block.description for block in self.blocks)
        self.images.open_image(OpenImage(1, "image", image, "yx", (), "image"))
        self.images.set_strokes(SetStrokes(2, "image", painted))

    def train(self, id: int, **training: Any) -> Train:
        settings = {"crop": 32, "batch": 1, "seconds": 600.0, **training}
        return Train(id, ("image",), CLASSES, network=NETWORK, training=settings)

    def predict(self, id: int, model: str = LIVE) -> Predict:
        block = SharedBlock((2, *SHAPE), np.uint8)
        self.blocks.append(block)
        return Predict(id, model, "image", (), block.description)

    def play(self, script: Iterator[list[Request]]) -> list[Event]:
        inbox: Any = ScriptedInbox(script)
        Scheduler(inbox, self.images, self.outbox).run()
        return self.outbox.events

    def until(self, kind: type[Event], n: int = 1) -> Iterator[list[Request]]:
        """Let turns pass until there are so many more events of a kind."""
        before = self.count(kind)
        end = time.monotonic() + 60
        while self.count(kind) < before + n:
            assert time.monotonic() < end, self.outbox.events[-5:]
            yield []

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.outbox.events)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(scheduler_module, "warm_up", lambda: None)
    monkeypatch.setattr(scheduler_module, "warm_up_checks", lambda: None)
    stage = Stage()
    yield stage
    for block in stage.blocks:
        block.close()


def order(events: list[Event]) -> list[str]:
    """Progress and predictions as they came, one letter each."""
    letters = {Progress: "t", Predicted: "P", Trained: "E"}
    return [letters[type(event)] for event in events if type(event) in letters]


def test_it_says_ready_and_once_that_it_is_warm(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3, max_steps=2)]
        yield from stage.until(Trained)

    events = stage.play(script())
    assert isinstance(events[0], Ready)
    assert isinstance(events[1], Warm)
    assert stage.count(Warm) == 1


def test_between_two_predictions_there_is_a_step(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3)]
        yield from stage.until(Progress, 2)
        yield [stage.predict(4), stage.predict(5), stage.predict(6)]
        yield from stage.until(Predicted, 3)
        yield from stage.until(Progress, 2)
        yield [Stop(7)]

    events = order(stage.play(script()))
    first = events.index("P")
    assert "".join(events[first : first + 6]) == "PtPtPt"


def test_without_training_predictions_follow_each_other(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3, max_steps=2)]
        yield from stage.until(Trained)
        yield [stage.predict(4), stage.predict(5)]
        yield from stage.until(Predicted, 2)

    events = order(stage.play(script()))
    assert "".join(events) == "ttEPP"


def test_a_prediction_that_training_interrupts_by_ending_is_of_the_state_that_stays(
    stage: Stage,
) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3)]
        yield from stage.until(Progress, 3)
        yield [stage.predict(4), Stop(5)]
        yield from stage.until(Predicted)
        yield [stage.predict(6)]
        yield from stage.until(Predicted)

    events = stage.play(script())
    trained = next(event for event in events if isinstance(event, Trained))
    assert trained.reason is StopReason.STOPPED
    predicted = [event for event in events if isinstance(event, Predicted)]
    assert [event.step for event in predicted] == [trained.steps] * 2
    first, second = (block.array for block in stage.blocks[2:4])
    np.testing.assert_array_equal(first, second)
    assert first.any()


def test_a_second_training_is_refused_and_the_first_goes_on(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3)]
        yield from stage.until(Progress)
        yield [stage.train(4)]
        yield from stage.until(Progress, 2)
        yield [Stop(5)]

    events = stage.play(script())
    failed = next(event for event in events if isinstance(event, Failed))
    assert failed.id == 4
    assert "running already" in failed.message
    assert next(e for e in events if isinstance(e, Trained)).id == 3


def test_a_training_that_cannot_begin_leaves_the_engine_idle(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [Train(3, ("nobody",), CLASSES, network=NETWORK)]
        yield [stage.train(4, max_steps=1)]
        yield from stage.until(Trained)

    events = stage.play(script())
    assert [e.id for e in events if isinstance(e, Failed)] == [3]
    assert [e.id for e in events if isinstance(e, Trained)] == [4]


def test_a_stopped_training_may_be_gone_on_with(stage: Stage) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3, learning_rate=0.01)]
        yield from stage.until(Progress, 80)
        yield [Stop(4)]
        again = stage.train(5, learning_rate=0.01, max_steps=1)
        yield [dataclasses.replace(again, resume=True)]
        yield from stage.until(Trained)

    events = stage.play(script())
    first, *_, last = [event for event in events if isinstance(event, Progress)]
    assert (last.id, last.step) == (5, 1)
    assert last.loss < 0.7 * first.loss


def test_a_cancelled_prediction_is_dropped_and_the_next_one_computed(
    stage: Stage,
) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3, max_steps=1)]
        yield from stage.until(Trained)
        yield [stage.predict(4), stage.predict(5), Cancel(6, 4)]
        yield from stage.until(Predicted)

    events = stage.play(script())
    assert Done(6) in events
    assert [(e.id, e.cancelled) for e in events if isinstance(e, Failed)] == [(4, True)]
    assert [e.id for e in events if isinstance(e, Predicted)] == [5]


def test_a_prediction_of_an_image_that_is_gone_fails_and_training_goes_on(
    stage: Stage,
) -> None:
    def script() -> Iterator[list[Request]]:
        yield [stage.train(3)]
        yield from stage.until(Progress)
        gone = stage.predict(4)
        yield [Predict(4, LIVE, "gone", (), gone.result), stage.predict(5)]
        yield from stage.until(Predicted)
        yield from stage.until(Progress)
        yield [Stop(6)]

    events = stage.play(script())
    assert [e.id for e in events if isinstance(e, Failed)] == [4]
    assert [e.id for e in events if isinstance(e, Predicted)] == [5]

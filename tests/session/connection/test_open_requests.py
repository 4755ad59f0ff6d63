"""What happens to requests, and to their shared memory, once they are answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.process.protocol.messages import (
    Cancel,
    Done,
    Event,
    Failed,
    Request,
    Stop,
    Warm,
)
from napari_garage_unet.process.protocol.shared_arrays import (
    AttachedBlock,
    BlockPool,
    SharedBlock,
)
from napari_garage_unet.session.connection.open_requests import OpenRequests


class ScriptedClient:
    """Records what is sent, and returns the events it is given."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.events: list[Event] = []

    def send(self, request: Request) -> None:
        self.sent.append(request)

    def poll(self) -> list[Event]:
        events, self.events = self.events, []
        return events


@pytest.fixture
def pool() -> Iterator[BlockPool]:
    pool = BlockPool()
    yield pool
    pool.close()


@pytest.fixture
def client() -> Any:
    return ScriptedClient()


def is_there(block: SharedBlock) -> bool:
    """Whether the segment of a block can still be attached to."""
    try:
        AttachedBlock(block.description).close()
    except EngineError:
        return False
    return True


def test_each_answer_calls_back_once_and_other_events_are_returned(client, pool):
    requests, answers = OpenRequests(client, pool), []
    assert requests.send(Stop(1), answers.append) == 1
    assert requests.send(Cancel(2, 1), answers.append) == 2
    assert client.sent == [Stop(1), Cancel(2, 1)]
    warm, unasked = Warm(0.5), Failed(None, "The engine met an error.")
    client.events = [warm, Done(2), unasked, Done(1), Done(1)]
    assert requests.poll() == [warm, unasked]
    assert answers == [Done(2), Done(1)]
    assert requests.poll() == []


def test_memory_is_in_place_until_the_callback_returns(client, pool):
    requests = OpenRequests(client, pool)
    recycled, removed = pool.take((8,), "u1"), SharedBlock((8,), "u1")
    seen = []

    def on_answer(event: Event) -> None:
        seen.append((is_there(recycled), is_there(removed)))
        assert pool.take((8,), "u1") is not recycled

    requests.send(Stop(1), on_answer, recycle=[recycled], remove=[removed])
    client.events = [Done(1)]
    requests.poll()
    assert seen == [(True, True)]
    assert not is_there(removed)
    assert pool.take((8,), "u1") is recycled
    recycled.close()


def test_memory_comes_back_although_a_callback_fails(client, pool):
    requests, block = OpenRequests(client, pool), pool.take((8,), "u1")

    def on_answer(event: Event) -> None:
        raise ValueError("a callback")

    requests.send(Stop(1), on_answer, recycle=[block])
    client.events = [Done(1)]
    with pytest.raises(ValueError, match="a callback"):
        requests.poll()
    assert pool.take((8,), "u1") is block
    block.close()


def test_closing_frees_the_memory_of_open_requests_without_an_answer(client, pool):
    requests, answers = OpenRequests(client, pool), []
    block = SharedBlock((8,), "u1")
    requests.send(Stop(1), answers.append, remove=[block])
    requests.close()
    assert not is_there(block)
    client.events = [Done(1)]
    assert requests.poll() == []
    assert answers == []

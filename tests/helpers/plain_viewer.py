"""A stand-in for the viewer, and looks at processes from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_garage_unet.process.client.client import EngineClient
from napari_garage_unet.process.protocol.messages import (
    Answer,
    Died,
    Event,
    Ready,
)


class Viewer:
    """What a session does with a client, in the simplest form."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.seen: list[Event] = []

    def until(self, found: Callable[[Event], bool], seconds: float = 90.0) -> Event:
        """Poll until an event that has not been waited for yet is found."""
        end = time.monotonic() + seconds
        at = 0
        while True:
            self.seen += self.client.poll()
            while at < len(self.seen):
                if found(self.seen[at]):
                    return self.seen.pop(at)
                at += 1
            assert time.monotonic() < end, (self.seen[-5:], self.client.log)
            time.sleep(0.005)

    def until_kind(self, kind: type[Event], seconds: float = 90.0) -> Any:
        return self.until(lambda event: isinstance(event, kind), seconds)

    def ask(self, kind: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
        """Send a request and return its id."""
        request = kind(self.client.next_id(), *args, **kwargs)
        self.client.send(request)
        return request.id

    def answer(self, number: int, seconds: float = 90.0) -> Any:
        """Wait for the answer to a request."""
        return self.until(lambda e: isinstance(e, Answer) and e.id == number, seconds)

    def get(self, kind: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Send a request and wait for its answer."""
        return self.answer(self.ask(kind, *args, **kwargs))

    def restarted(self) -> Ready:
        """Restart and wait until the process can be asked."""
        self.client.restart()
        ready = self.until(lambda e: isinstance(e, Ready | Died))
        assert isinstance(ready, Ready), ready
        return ready


FAKE_ENGINE = (sys.executable, str(Path(__file__).with_name("fake_engine.py")))


def is_process(pid: int) -> bool:
    """Whether a process of that number is there, be it as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(fact: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Wait until something is true; returns whether it became so."""
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True

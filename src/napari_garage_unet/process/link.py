"""The connection to the engine process: start, ask, collect answers, notice its end.

Nothing here waits for the engine. Whoever owns the link calls `EngineLink.poll` some
thirty times a second from the main thread, where all callbacks run.
"""

from __future__ import annotations

import itertools
import logging
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from napari_garage_unet.engine.errors import EngineError
from .child import EngineChild, Gone
from .explain import explain_exit
from .launch import engine_command
from .messages import (
    Died,
    Done,
    Event,
    Failed,
    ModelReady,
    Predicted,
    Ready,
    Request,
    Trained,
    Warm,
)
from .shared import BlockPool, SharedBlock

logger = logging.getLogger(__name__)

NOT_RUNNING = "The engine is not running; restart it."

OnAnswer = Callable[[Event], None]
"""Called with the answer of a request."""

_ANSWERS = (Done, Trained, Predicted, ModelReady, Failed)


@dataclass(slots=True)
class Pending:
    """A request that has not been answered, and the memory it keeps busy.

    Parameters
    ----------
    on_answer
        Called with the answer.
    recycle, remove
        Blocks that are free to be used again, or to be removed, after the answer.
    """

    on_answer: OnAnswer | None = None
    recycle: list[SharedBlock] = field(default_factory=list)
    remove: list[SharedBlock] = field(default_factory=list)


class EngineLink:
    """Start the engine process, ask it, and notice when it is gone.

    To be used from one thread. The process ends with the link: at `close`, when the
    link is collected, when the interpreter exits, or when the viewer is killed.

    Parameters
    ----------
    command
        Command line of the engine process, without the address.

    Attributes
    ----------
    ready
        What the engine has said about itself, or None while it loads.
    warm
        Whether it has traced its network.
    """

    def __init__(self, *, command: Sequence[str] | None = None) -> None:
        self.ready: Ready | None = None
        self.warm = False
        self._command = command
        self._ids = itertools.count(1)
        self._child: EngineChild | None = None
        self._finalizer: weakref.finalize[..., EngineLink] | None = None
        self._events: deque[Event] = deque()
        self._pending: dict[int, Pending] = {}
        self._pool = BlockPool()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs; it may still be loading."""
        return self._child is not None and self._child.is_alive

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return None if self._child is None else self._child.pid

    @property
    def log(self) -> str:
        """The last lines the process has printed."""
        return "" if self._child is None else self._child.log

    def start(self) -> None:
        """Start the process unless it runs. Returns at once.

        `Ready` follows when it has loaded, `Warm` when training starts at once, and
        `Died` when it could not be started. Requests may be sent right away.
        """
        if self._child is not None:
            return
        try:
            self._child = EngineChild(self._command or engine_command())
        except (OSError, EngineError) as error:
            self._events.append(
                Died(f"The engine could not be started: {error}", repr(error))
            )
            return
        self._finalizer = weakref.finalize(self, self._child.close)
        self._greet()

    def restart(self) -> None:
        """End the process if it runs, and start another one.

        Requests without an answer are answered with `Failed`.
        """
        self._end("The engine was restarted before it had an answer.")
        self.start()

    def close(self) -> None:
        """End the process and remove all shared memory. May be called twice.

        Requests stay unanswered and their callbacks are not called.
        """
        if self._child is not None:
            self._child.close()
            self._forget_child()
        for pending in self._pending.values():
            for block in (*pending.recycle, *pending.remove):
                block.close()
        self._pending.clear()
        self._events.clear()
        self._pool.close()

    def poll(self) -> list[Event]:
        """Collect what has happened, call the callbacks, and return the events.

        Never waits. When the process has died, its unanswered requests come first, as
        `Failed`, and then `Died`.
        """
        events: list[Event] = []
        try:
            while (event := self._next_event()) is not None:
                events.append(event)
                self._settle(event)
        except BaseException:
            # A callback has raised; the next call returns the events.
            self._events.extendleft(reversed(events))
            raise
        return events

    def next_id(self) -> int:
        """Make a number for a request."""
        return next(self._ids)

    def send(self, request: Request, on_answer: OnAnswer | None = None) -> int:
        """Send a request, never waiting for the engine, and return its id.

        Parameters
        ----------
        request
            With an id of `next_id`. Arrays it describes are the caller's to keep until
            the answer.
        on_answer
            Called from `poll` with the one event that answers it.
        """
        return self._send(request, Pending(on_answer))

    def _greet(self) -> None:
        """Say what every new process has to know."""

    def _send(self, request: Request, pending: Pending) -> int:
        self._pending[request.id] = pending
        if self._child is None:
            self._events.append(Failed(request.id, NOT_RUNNING))
        else:
            # A process that has just died takes it too; `Gone` then answers it.
            self._child.send(request)
        return request.id

    def _next_event(self) -> Event | None:
        if not self._events and self._child is not None and self._child.incoming:
            item = self._child.incoming.popleft()
            if isinstance(item, Gone):
                message, details = explain_exit(item.code, item.log)
                logger.warning("%s %s", message, details)
                self._forget_child()
                self._fail_pending(message)
                self._events.append(Died(message, details))
            else:
                self._events.append(item)
        return self._events.popleft() if self._events else None

    def _settle(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready = event
        elif isinstance(event, Warm):
            self.warm = True
        if not isinstance(event, _ANSWERS) or event.id is None:
            return
        pending = self._pending.pop(event.id, None)
        if pending is None:
            return
        try:
            if pending.on_answer is not None:
                pending.on_answer(event)
        finally:
            # Only now: whoever was asked does not touch the memory any more.
            for block in pending.recycle:
                self._pool.give_back(block)
            for block in pending.remove:
                block.close()

    def _end(self, reason: str) -> None:
        if self._child is not None:
            self._child.close()
            # What was answered before the end stays answered.
            self._events.extend(
                item for item in self._child.incoming if isinstance(item, _ANSWERS)
            )
            self._forget_child()
        self._fail_pending(reason)

    def _forget_child(self) -> None:
        if self._finalizer is not None:
            self._finalizer.detach()
        self._child, self._finalizer = None, None
        self.ready, self.warm = None, False

    def _fail_pending(self, message: str) -> None:
        answered = {e.id for e in self._events if isinstance(e, _ANSWERS)}
        self._events.extend(
            Failed(number, message)
            for number in self._pending
            if number not in answered
        )

"""The client of the engine process.

Nothing here waits for the engine: requests are sent in the background, and
`EngineClient.poll`, to be called about thirty times a second, returns what has come.
"""

from __future__ import annotations

import itertools
import logging
import weakref
from collections import deque
from collections.abc import Sequence

from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.process.protocol.explain import explain_exit
from napari_garage_unet.process.protocol.messages import (
    Answer,
    Died,
    Event,
    Failed,
    Request,
)

from .child import EngineChild, Gone
from .launch import engine_command

logger = logging.getLogger(__name__)

NOT_RUNNING = "The engine is not running; restart it."


class EngineClient:
    """Start the engine process, send it requests, and report its answers and its end.

    To be used from one thread. The process ends with the client: at `close`, when the
    client is collected, when the interpreter exits, or when the viewer is killed.

    Parameters
    ----------
    command
        Command line of the engine process, to which the address to connect to is
        added; None starts this package's engine.

    Examples
    --------
    >>> client = EngineClient()
    >>> client.start()
    >>> client.is_alive
    True
    >>> client.close()
    """

    def __init__(self, *, command: Sequence[str] | None = None) -> None:
        self._command = command
        self._ids = itertools.count(1)
        self._child: EngineChild | None = None
        self._finalizer: weakref.finalize[..., EngineClient] | None = None
        self._events: deque[Event] = deque()
        self._unanswered: set[int] = set()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs; it may still be importing TensorFlow."""
        return self._child is not None and self._child.is_alive

    @property
    def pid(self) -> int | None:
        """Id of the process; None if there is none."""
        return None if self._child is None else self._child.pid

    @property
    def log(self) -> str:
        """The last lines the process has printed."""
        return "" if self._child is None else self._child.log

    def start(self) -> None:
        """Start the process unless it runs, and return at once.

        `poll` returns `Ready` once it has started, `Warm` once training starts without
        a delay, or `Died` if it cannot be started. Requests may be sent right away.
        """
        if self._child is not None:
            return
        try:
            self._child = EngineChild(self._command or engine_command())
        except (OSError, EngineError) as error:
            message = f"The engine could not be started: {error}"
            self._events.append(Died(message, repr(error)))
            return
        self._finalizer = weakref.finalize(self, self._child.close)

    def restart(self) -> None:
        """End the process if it runs, and start another one without its models.

        Requests without an answer are answered with `Failed`.
        """
        if self._child is not None:
            self._child.close()
            # Answers that came before the end are still answers.
            self._events.extend(
                item for item in self._child.incoming if isinstance(item, Answer)
            )
            self._forget_child()
        self._fail_unanswered("The engine was restarted before it had an answer.")
        self.start()

    def close(self) -> None:
        """End the process; kill it if it does not end when asked.

        Requests stay unanswered. A second call does nothing.
        """
        if self._child is not None:
            self._child.close()
            self._forget_child()
        self._unanswered.clear()
        self._events.clear()

    def next_id(self) -> int:
        """Return a new id for a request."""
        return next(self._ids)

    def send(self, request: Request) -> None:
        """Send a request, without waiting for the engine.

        Shared arrays that it describes have to be kept until the answer.

        Parameters
        ----------
        request
            Request with an id from `next_id`.
        """
        self._unanswered.add(request.id)
        if self._child is None:
            self._events.append(Failed(request.id, NOT_RUNNING))
        else:
            # To a process that has just died, too; its `Gone` fails the request.
            self._child.send(request)

    def poll(self) -> list[Event]:
        """Return the events since the last call, without waiting.

        When the process has died, each unanswered request has a `Failed`, followed by
        `Died`. The shared arrays of those requests are not used any more.
        """
        self._receive()
        events = list(self._events)
        self._events.clear()
        self._unanswered.difference_update(
            event.id
            for event in events
            if isinstance(event, Answer) and event.id is not None
        )
        return events

    def _receive(self) -> None:
        while self._child is not None and self._child.incoming:
            item = self._child.incoming.popleft()
            if not isinstance(item, Gone):
                self._events.append(item)
                continue
            message, details = explain_exit(item.code, item.log)
            logger.warning("%s\n%s", message, details)
            self._forget_child()
            self._fail_unanswered(message)
            self._events.append(Died(message, details))

    def _fail_unanswered(self, message: str) -> None:
        answered = {e.id for e in self._events if isinstance(e, Answer)}
        self._events.extend(
            Failed(id, message) for id in sorted(self._unanswered - answered)
        )

    def _forget_child(self) -> None:
        if self._finalizer is not None:
            self._finalizer.detach()
        self._child, self._finalizer = None, None

"""Transport between engine process and viewer, on the engine's side.

A receiving thread takes requests at once, so that the viewer never waits to send one.
It answers those that need no computation itself: `OpenImage`, `CloseImage`, `SetPlane`,
`DropPlane` and `SetStrokes`; also `Stop` and `Cancel` where they withdraw a request
that has not begun. All others wait for the `Scheduler`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.process.protocol.explain import explain_error
from napari_garage_unet.process.protocol.messages import (
    Answer,
    Cancel,
    CloseImage,
    Done,
    DropPlane,
    Event,
    Failed,
    OpenImage,
    Predict,
    Request,
    SetPlane,
    SetStrokes,
    Shutdown,
    Stop,
    StrokesNeeded,
    Train,
)

from .images import ImageRegistry

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Outbox:
    """Sends events to the viewer, from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Send an event; without effect when the viewer is gone."""
        try:
            with self._lock:
                self._connection.send(event)
        except OSError as error:
            # The receiving thread meets the same error and ends the process.
            logger.info("%s could not be sent: %s", type(event).__name__, error)

    def attempt(self, id: int | None, action: Callable[[], T]) -> T | Failed:
        """Call `action`, and tell the viewer when it raises an error.

        Parameters
        ----------
        id
            The request that is worked on; None for work that nobody has asked for.
        action
            What to do.

        Returns
        -------
        object
            What `action` returns, or the `Failed` that was sent because it has raised.
        """
        try:
            return action()
        except GarageError as error:
            failed = Failed(id, *explain_error(error))
        except Exception as error:
            # The process continues, and the viewer displays the error.
            logger.exception("The engine met an error.")
            failed = Failed(id, *explain_error(error))
        self.send(failed)
        return failed

    def answer(self, id: int, action: Callable[[], Answer]) -> bool:
        """Call `action` and send the answer it returns, or `Failed` when it raises.

        Returns
        -------
        bool
            Whether it raised nothing.
        """
        answer = self.attempt(id, action)
        if isinstance(answer, Failed):
            return False
        self.send(answer)
        return True


class Inbox:
    """Receives requests from the viewer.

    Images and strokes go into the registry at once. `Stop` and `Cancel` withdraw
    requests that have not begun. All others wait for `take`, in the order they came.

    Parameters
    ----------
    connection
        Connection to the viewer.
    registry
        Takes images and strokes.
    outbox
        Sends answers.
    on_end
        Called in the receiving thread when no more requests will come: with True
        after `Shutdown`, with False when the viewer is gone.
    """

    def __init__(
        self,
        connection: Connection,
        registry: ImageRegistry,
        outbox: Outbox,
        *,
        on_end: Callable[[bool], None],
    ) -> None:
        self._connection = connection
        self._registry, self._outbox, self._on_end = registry, outbox, on_end
        self._waiting: list[Request] = []
        self._arrived = threading.Condition()
        self._closed = False
        self._opened = False
        self._thread = threading.Thread(
            target=self._receive, name="garage inbox", daemon=True
        )

    def open(self) -> None:
        """Start the receiving thread."""
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the process is to end."""
        return self._closed

    def take(self, *, wait: bool = False) -> list[Request]:
        """Take all waiting requests.

        Parameters
        ----------
        wait
            Whether to block until there is a request, an image was opened or the
            process is to end. In the latter two cases the list can be empty.
        """
        with self._arrived:
            if wait:
                self._arrived.wait_for(
                    lambda: self._waiting or self._opened or self._closed
                )
            self._opened = False
            taken, self._waiting = self._waiting, []
            return taken

    def holds(self, kind: type[Request]) -> bool:
        """Whether a request of a kind is waiting."""
        with self._arrived:
            return any(isinstance(request, kind) for request in self._waiting)

    def _receive(self) -> None:
        asked = False
        try:
            while not asked:
                request = self._connection.recv()
                asked = isinstance(request, Shutdown)
                if not asked:
                    self._sort(request)
        except (EOFError, OSError) as error:
            logger.info("The viewer is gone: %s", error)
        finally:
            with self._arrived:
                self._closed = True
                self._arrived.notify_all()
            self._on_end(asked)

    def _sort(self, request: Request) -> None:
        answer = self._outbox.answer
        match request:
            case OpenImage():
                if answer(request.id, lambda: self._open_image(request)):
                    with self._arrived:
                        self._opened = True
                        self._arrived.notify_all()
            case CloseImage():
                answer(request.id, lambda: self._close_image(request))
            case SetPlane():
                answer(request.id, lambda: self._set_plane(request))
            case DropPlane():
                answer(request.id, lambda: self._drop_plane(request))
            case SetStrokes():
                answer(request.id, lambda: self._set_strokes(request))
            case Stop():
                self._withdraw_or_wait(
                    request,
                    lambda other: isinstance(other, Train),
                    "Training was stopped before it began.",
                )
            case Cancel():
                self._withdraw_or_wait(
                    request,
                    lambda other: (
                        isinstance(other, Predict) and other.id == request.request
                    ),
                    "The prediction was cancelled.",
                )
            case Predict():
                self._registry.note(request.result)
                self._wait(request)
            case _:
                self._wait(request)

    def _open_image(self, request: OpenImage) -> Answer:
        self._registry.open_image(request)
        return Done(request.id)

    def _close_image(self, request: CloseImage) -> Answer:
        self._registry.close_image(request.key)
        return Done(request.id)

    def _set_plane(self, request: SetPlane) -> Answer:
        self._registry.set_plane(request)
        return Done(request.id)

    def _drop_plane(self, request: DropPlane) -> Answer:
        self._registry.drop_plane(request)
        return Done(request.id)

    def _set_strokes(self, request: SetStrokes) -> Answer:
        fits = self._registry.set_strokes(request)
        return Done(request.id) if fits else StrokesNeeded(request.id, request.key)

    def _wait(self, request: Request) -> None:
        with self._arrived:
            self._waiting.append(request)
            self._arrived.notify_all()

    def _withdraw_or_wait(
        self, request: Request, which: Callable[[Request], bool], message: str
    ) -> None:
        """Withdraw waiting requests; without any, it waits for the other thread."""
        with self._arrived:
            withdrawn = [other for other in self._waiting if which(other)]
            self._waiting = [other for other in self._waiting if not which(other)]
        for other in withdrawn:
            self._outbox.send(Failed(other.id, message, cancelled=True))
        if withdrawn:
            self._outbox.send(Done(request.id))
        else:
            self._wait(request)

"""What comes in from the viewer and goes out to it, in the engine process.

A thread of its own receives, so that the viewer never waits to get rid of a request,
and answers by itself what need not wait for a computation.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.process.protocol.explain import explain_error
from napari_garage_unet.process.protocol.messages import (
    Cancel,
    CloseImage,
    Done,
    Event,
    Failed,
    OpenImage,
    Predict,
    Request,
    SetStrokes,
    Shutdown,
    Stop,
    StrokesNeeded,
    Train,
)

from .images import ImageRegistry

logger = logging.getLogger(__name__)


class Outbox:
    """Sends events; from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Send an event; nothing happens when the viewer is gone."""
        try:
            with self._lock:
                self._connection.send(event)
        except OSError as error:
            # The receiving thread notices it too and ends the process.
            logger.info("%s could not be sent: %s", type(event).__name__, error)

    def attempt(self, id: int | None, action: Callable[[], Event | None]) -> bool:
        """Do something and send the event it returns, or `Failed` when it raises.

        Returns
        -------
        bool
            Whether it went well.
        """
        try:
            event = action()
        except GarageError as error:
            self.send(Failed(id, *explain_error(error)))
            return False
        except Exception as error:
            # Whatever it is, the process goes on and a person reads about it.
            logger.exception("The engine met an error.")
            self.send(Failed(id, *explain_error(error)))
            return False
        if event is not None:
            self.send(event)
        return True


class Inbox:
    """Receives requests.

    Images and strokes are put on the desk right away. Stop and Cancel withdraw what
    has not begun. All else waits, in the order it came, for `take`.

    Parameters
    ----------
    connection
        Where requests come from.
    desk
        Where images and strokes go.
    outbox
        Where answers go.
    on_end
        Called in the receiving thread when no more requests will come; True means
        that the viewer has asked the process to end, False that it is gone.
    """

    def __init__(
        self,
        connection: Connection,
        desk: ImageRegistry,
        outbox: Outbox,
        *,
        on_end: Callable[[bool], None],
    ) -> None:
        self._connection = connection
        self._desk, self._outbox, self._on_end = desk, outbox, on_end
        self._waiting: list[Request] = []
        self._news = threading.Condition()
        self._closed = False
        self._opened = False
        self._thread = threading.Thread(
            target=self._receive, name="garage inbox", daemon=True
        )

    def open(self) -> None:
        """Begin to receive."""
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the process is to end."""
        return self._closed

    def take(self, *, wait: bool = False) -> list[Request]:
        """Take all waiting requests; with `wait`, not before there is one.

        Empty when there are none or, with `wait`, when an image was opened or the
        process is to end.
        """
        with self._news:
            if wait:
                self._news.wait_for(
                    lambda: self._waiting or self._opened or self._closed
                )
            self._opened = False
            taken, self._waiting = self._waiting, []
            return taken

    def holds(self, kind: type[Request]) -> bool:
        """Whether a request of a kind is waiting."""
        with self._news:
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
            with self._news:
                self._closed = True
                self._news.notify_all()
            self._on_end(asked)

    def _sort(self, request: Request) -> None:
        desk, attempt = self._desk, self._outbox.attempt
        match request:
            case OpenImage():
                if attempt(request.id, lambda: self._open_image(request)):
                    with self._news:
                        self._opened = True
                        self._news.notify_all()
            case CloseImage():
                attempt(request.id, lambda: self._close_image(request))
            case SetStrokes():
                attempt(request.id, lambda: self._set_strokes(request))
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
                desk.note(request.result)
                self._wait(request)
            case _:
                self._wait(request)

    def _open_image(self, request: OpenImage) -> Event:
        self._desk.open_image(request)
        return Done(request.id)

    def _close_image(self, request: CloseImage) -> Event:
        self._desk.close_image(request.key)
        return Done(request.id)

    def _set_strokes(self, request: SetStrokes) -> Event:
        fits = self._desk.set_strokes(request)
        return Done(request.id) if fits else StrokesNeeded(request.id, request.key)

    def _wait(self, request: Request) -> None:
        with self._news:
            self._waiting.append(request)
            self._news.notify_all()

    def _withdraw_or_wait(
        self, request: Request, which: Callable[[Request], bool], message: str
    ) -> None:
        """Withdraw waiting requests; without any, it waits for the other thread."""
        with self._news:
            withdrawn = [other for other in self._waiting if which(other)]
            self._waiting = [other for other in self._waiting if not which(other)]
        for other in withdrawn:
            self._outbox.send(Failed(other.id, message, cancelled=True))
        if withdrawn:
            self._outbox.send(Done(request.id))
        else:
            self._wait(request)

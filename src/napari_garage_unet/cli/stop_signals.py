"""Ctrl-C, and what schedulers and closed terminals send, as a request to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = {
    number: name
    for number, name in (
        (getattr(signal, "SIGINT", None), "Ctrl-C"),
        (getattr(signal, "SIGTERM", None), "SIGTERM"),
        (getattr(signal, "SIGHUP", None), "SIGHUP"),
        (getattr(signal, "SIGBREAK", None), "Ctrl-Break"),
    )
    if number is not None
}
"""What a signal is called in messages; Windows has not all of them."""


class StopRequest:
    """Whether somebody asked to stop; true once that is so.

    Parameters
    ----------
    at_once
        Whether the first request raises `KeyboardInterrupt` unless it is held.

    Attributes
    ----------
    by
        The signal as `NAMES` calls it; empty before.
    exit_code
        128 and the number of the signal, as shells count; 0 before.
    """

    def __init__(self, *, at_once: bool) -> None:
        self.by = ""
        self.exit_code = 0
        self._at_once = at_once
        self._held = False

    def __bool__(self) -> bool:
        return bool(self.by)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Finish what is done here, such as writing files, before a first request."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal.

        Raises
        ------
        KeyboardInterrupt
            At a second Ctrl-C, and see `at_once`.
        """
        is_first = not self.by
        if is_first:
            self.by, self.exit_code = NAMES[number], 128 + number
        # `timeout`, schedulers and closing terminals send a signal to the process and
        # once more to its group; only a person means something by the second one.
        again = not is_first and number == signal.SIGINT
        if again or (is_first and self._at_once and not self._held):
            raise KeyboardInterrupt


@contextmanager
def stop_signals(*, at_once: bool = False) -> Iterator[StopRequest]:
    """Catch Ctrl-C, SIGTERM and SIGHUP as requests to stop.

    Signals that are ignored, as after ``nohup``, stay ignored.

    Parameters
    ----------
    at_once
        See `StopRequest`; otherwise a first request is only noted.

    Yields
    ------
    StopRequest
        Also at a second Ctrl-C `KeyboardInterrupt` is raised.
    """
    request = StopRequest(at_once=at_once)
    former = {}
    try:
        for number in NAMES:
            known = signal.getsignal(number)
            # None was installed by others than Python, who know better.
            if known not in (signal.SIG_IGN, None):
                former[number] = known
                signal.signal(number, request.take)
    except ValueError:
        # Only the main thread can set handlers; in others signals stay as they are.
        former.clear()
    try:
        yield request
    finally:
        for number, known in former.items():
            signal.signal(number, known)

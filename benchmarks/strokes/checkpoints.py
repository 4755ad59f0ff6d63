"""When to keep a copy of what is known, for methods that learn in steps."""

from __future__ import annotations

import time
from collections.abc import Sequence


class Checkpoints:
    """A clock that starts when it is made and is asked after every step.

    Parameters
    ----------
    seconds : sequence of float
        The moments, rising, in seconds from now.
    """

    def __init__(self, seconds: Sequence[float]) -> None:
        self._start = self._asked = time.perf_counter()
        self._due = list(seconds)
        self._stepped = False

    @property
    def elapsed(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self._start

    @property
    def left(self) -> int:
        """How many moments are still to come."""
        return len(self._due)

    def reached(self) -> bool:
        """Tell whether a copy is due, before a step that would end too late.

        The next step is expected to take as long as the one since this was last
        asked. The first one says nothing about the others, for it also prepares them.
        """
        now = time.perf_counter()
        step = now - self._asked if self._stepped else 0.0
        self._asked, self._stepped = now, True
        left = [due for due in self._due if now - self._start + step <= due]
        is_due = len(left) < len(self._due)
        self._due = left
        return is_due

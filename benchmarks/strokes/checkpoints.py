"""Times at which a method that learns in steps is measured."""

from __future__ import annotations

import time
from collections.abc import Sequence


class Checkpoints:
    """A clock that starts when it is made and is looked at after every step.

    Parameters
    ----------
    seconds : sequence of float
        Times in seconds from now, ascending.
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
        """Number of checkpoints to come."""
        return len(self._due)

    def reached(self) -> bool:
        """Return whether a checkpoint is due before the next step would end.

        The next step is expected to take as long as the one before. The duration of
        the first is not used, as it includes preparations.
        """
        now = time.perf_counter()
        step = now - self._asked if self._stepped else 0.0
        self._asked, self._stepped = now, True
        left = [due for due in self._due if now - self._start + step <= due]
        is_due = len(left) < len(self._due)
        self._due = left
        return is_due

"""Errors become a sentence in the hint line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError
from napari_garage_unet.process.protocol.messages import Failed

T = TypeVar("T")


class ErrorReporter:
    """Runs actions that may fail, and keeps the last error as a `Problem`.

    Attributes
    ----------
    changed
        The problem is another, or was cleared.
    problem
        The last problem; None when there is none.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.problem: Problem | None = None

    def run(self, action: Callable[..., Any], *args: Any) -> bool:
        """Run an action; a `GarageError` becomes the problem.

        Returns
        -------
        bool
            Whether it succeeded; otherwise `problem` says why not.
        """
        # In a tuple, because what an action returns may be None.
        return self.find(lambda: (action(*args),)) is not None

    def find(self, action: Callable[..., T], *args: Any) -> T | None:
        """Run an action and return its result; None after a `GarageError`."""
        try:
            return action(*args)
        except GarageError as error:
            self.report(error)
            return None

    def report(self, error: Exception, *, details: str = "") -> None:
        """Show an error in the hint line."""
        self.show(Problem(str(error), details))

    def on_failed(self, failed: Failed) -> None:
        """Show why the engine could not do something, unless it was cancelled."""
        if not failed.cancelled:
            self.show(Problem(failed.message, failed.details))

    def show(self, problem: Problem) -> None:
        """Show a problem in the hint line."""
        self._set(problem)

    def clear(self) -> None:
        """Stop showing a problem."""
        self._set(None)

    def _set(self, problem: Problem | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.changed.emit()


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, as the hint line shows it instead of the next thing to do.

    Parameters
    ----------
    message
        One or two sentences.
    details
        For a bug report; shown on request.
    can_restart
        Whether restarting the engine is what helps.
    """

    message: str
    details: str = ""
    can_restart: bool = False

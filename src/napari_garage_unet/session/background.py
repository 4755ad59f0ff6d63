"""Array work in a thread, so that the window stays awake."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError

from .problems import Problem


class Tasks:
    """Runs one piece of work after the other beside the main thread.

    Attributes
    ----------
    changed
        Work has begun or ended.
    failed
        Work has ended with an error; emitted with a `Problem`.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[tuple[Future[Any], str, Callable[[Any], None]]] = []

    def __contains__(self, name: str) -> bool:
        return any(waiting == name for _, waiting, _ in self._waiting)

    def run(
        self, name: str, work: Callable[[], Any], *, done: Callable[[Any], None]
    ) -> None:
        """Begin work; what it returns goes to `done` on the main thread.

        Work of the same name that has not begun yet is dropped, and what such work
        returns is not wanted any more.
        """
        for future, waiting, _ in self._waiting:
            if waiting == name:
                future.cancel()
        self._waiting = [entry for entry in self._waiting if entry[1] != name]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="garage-tasks")
        self._waiting.append((self._pool.submit(work), name, done))
        self.changed.emit()

    def poll(self) -> None:
        """Hand over what is done; called on the main thread."""
        ready = [entry for entry in self._waiting if entry[0].done()]
        if not ready:
            return
        self._waiting = [entry for entry in self._waiting if entry not in ready]
        for future, _, done in ready:
            error = future.exception()
            if error is None:
                done(future.result())
                continue
            text = str(error) if isinstance(error, GarageError) else _surprise(error)
            details = "".join(traceback.format_exception(error))
            self.failed.emit(Problem(text, details))
        self.changed.emit()

    def close(self) -> None:
        """Begin nothing more."""
        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _surprise(error: BaseException) -> str:
    return f"Work in the background failed: {type(error).__name__}: {error}"

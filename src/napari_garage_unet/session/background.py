"""Array work in threads, so that the window stays awake.

A session has a few of these threads instead of one pool, because each protects others
from waiting: a lazy image that takes minutes to be read (`Fingerprints`) must not keep
strokes from the disk (`Autosave`), and what is written has to stay in order; labels and
seeds that follow a slider must not wait for objects that are measured. A pool of
several threads would need a queue per purpose to keep these orders.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from psygnal import Signal

from napari_garage_unet.engine.errors import GarageError

from .problems import Problem

T = TypeVar("T")


class Worker:
    """A thread, started with its first work, that does one piece of work at a time.

    Parameters
    ----------
    name
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do work after what was submitted before; the future has what it returns.

        Raises
        ------
        RuntimeError
            If Python is ending and starts no work in threads any more.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return self._pool.submit(work)

    def close(self, *, wait: bool = False) -> None:
        """End the thread; wait for all its work, or drop what has not begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=not wait)
            self._pool = None


class Tasks:
    """Named work beside the main thread, whose outcome returns to the main thread.

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
        self._worker = Worker("garage-tasks")
        self._waiting: list[tuple[Future[Any], str, Callable[[Any], None]]] = []

    def __contains__(self, name: str) -> bool:
        return any(waiting == name for _, waiting, _ in self._waiting)

    def run(
        self, name: str, work: Callable[[], Any], *, done: Callable[[Any], None]
    ) -> None:
        """Begin work; `poll` calls `done` with what it returns.

        Work of the same name that has not begun yet is dropped, and what work of the
        same name that has begun returns is dropped, too.
        """
        for future, waiting, _ in self._waiting:
            if waiting == name:
                future.cancel()
        self._waiting = [entry for entry in self._waiting if entry[1] != name]
        self._waiting.append((self._worker.submit(work), name, done))
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
        self._worker.close()


def _surprise(error: BaseException) -> str:
    return f"Work in the background failed: {type(error).__name__}: {error}"

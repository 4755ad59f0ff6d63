"""Requests that have no answer yet, and the shared memory they hold until then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_garage_unet.process.protocol.messages import (
    Answer,
    Event,
    Failed,
    Request,
)
from napari_garage_unet.process.protocol.shared_arrays import BlockPool, SharedBlock

from .client import Client

logger = logging.getLogger(__name__)

OnReply = Callable[[Event], None]
"""Called with the answer to a request."""


@dataclass(frozen=True, slots=True, eq=False)
class _OpenRequest:
    """What happens once a request is answered: call back, then free its memory."""

    on_answer: OnReply | None
    recycle: Sequence[SharedBlock]
    remove: Sequence[SharedBlock]


class OpenRequests:
    """Sends requests of a client, and calls back with their answers.

    Parameters
    ----------
    client
        The client.
    pool
        Takes back memory that the next request may use.
    """

    def __init__(self, client: Client, pool: BlockPool) -> None:
        self._client = client
        self._pool = pool
        self._by_id: dict[int, _OpenRequest] = {}

    def send(
        self,
        request: Request,
        on_answer: OnReply | None = None,
        *,
        recycle: Sequence[SharedBlock] = (),
        remove: Sequence[SharedBlock] = (),
    ) -> int:
        """Send a request.

        Parameters
        ----------
        request
            The request.
        on_answer
            Called with its answer.
        recycle, remove
            Shared memory that the pool gets back, and that is freed, after the answer.

        Returns
        -------
        int
            The id of the request.
        """
        self.expect(request, on_answer, recycle=recycle, remove=remove)
        self._client.send(request)
        return request.id

    def expect(
        self,
        request: Request,
        on_answer: OnReply | None = None,
        *,
        recycle: Sequence[SharedBlock] = (),
        remove: Sequence[SharedBlock] = (),
    ) -> None:
        """Take note of a request that will be sent, or answered by `answer`."""
        self._by_id[request.id] = _OpenRequest(on_answer, recycle, remove)

    def answer(self, event: Failed) -> None:
        """Answer a request that was not sent."""
        if event.id is not None:
            self._handle(event.id, event)

    def poll(self) -> list[Event]:
        """Handle the answers that arrived; return all other events."""
        others = []
        for event in self._client.poll():
            number = event.id if isinstance(event, Answer) else None
            if number is None:
                others.append(event)
            else:
                self._handle(number, event)
        return others

    def close(self) -> None:
        """Free the memory of all open requests, after the process has ended."""
        for request in self._by_id.values():
            for block in (*request.recycle, *request.remove):
                block.close()
        self._by_id.clear()

    def _handle(self, number: int, event: Event) -> None:
        request = self._by_id.pop(number, None)
        if request is None:
            logger.warning("an answer to no open request: %r", event)
            return
        try:
            if request.on_answer is not None:
                request.on_answer(event)
            elif isinstance(event, Failed):
                logger.info("the engine refused a request: %s", event.message)
        finally:
            # Only now: the engine does not touch the memory any more.
            for block in request.recycle:
                self._pool.give_back(block)
            for block in request.remove:
                block.close()

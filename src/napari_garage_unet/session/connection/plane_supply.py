"""Gives the engine the planes that requests need, and only those.

An image that is not in memory, or too large to be copied at once, is opened in the
engine without its pixels. A request names the planes that it needs; it is held back
until they have been read, in a thread, and were sent.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.process.protocol.messages import (
    DropPlane,
    Event,
    Failed,
    Request,
    SetPlane,
)
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
from napari_garage_unet.session.background import Worker

from .client import Client
from .open_requests import OnReply, OpenRequests
from .plane_reading import drop, read_plane

MAX_SPARE_BYTES = 250_000_000
"""Bytes of planes that nothing is painted on and that the engine has nevertheless; the
one that was needed longest ago is taken back first."""

Plane = tuple[str, PlaneIndex]
"""Key of an image and position of a plane in it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A request that waits for planes."""

    request: Request
    key: str
    planes: tuple[Plane, ...]
    in_order: bool
    leave_out: Callable[[PlaneIndex], None] | None


class PlaneSupply:
    """Sends requests once the engine has the planes that they need.

    Parameters
    ----------
    client
        The client of the engine process.
    open_requests
        Calls back with answers.
    """

    def __init__(self, client: Client, open_requests: OpenRequests) -> None:
        self._client, self._open = client, open_requests
        self._worker = Worker("garage-planes")
        self._images: dict[str, Image] = {}
        # What the engine has, what was needed last at the end.
        self._there: OrderedDict[Plane, SharedBlock] = OrderedDict()
        self._reading: dict[Plane, Future[SharedBlock]] = {}
        self._unreadable: dict[Plane, str] = {}
        self._painted: set[Plane] = set()
        self._left_out: set[Plane] = set()
        self._in_use: Counter[Plane] = Counter()
        self._held: list[_Held] = []
        self._answers: list[Failed] = []

    def open(self, key: str, image: Image) -> None:
        """Take note of an image whose planes are read when they are needed."""
        self._images[key] = image

    def image(self, key: str) -> Image | None:
        """Return the image of a key; None if the engine has it as a whole."""
        return self._images.get(key)

    def send(
        self,
        request: Request,
        on_answer: OnReply,
        *,
        key: str = "",
        planes: Iterable[Plane] = (),
        painted: bool = False,
        in_order: bool = False,
        leave_out: Callable[[PlaneIndex], None] | None = None,
        recycle: Sequence[SharedBlock] = (),
    ) -> int:
        """Send a request as soon as the engine has the planes that it needs.

        Parameters
        ----------
        request
            The request.
        on_answer
            Called with its answer, also when a plane cannot be read.
        key
            Key of the image that it is about, if it is one.
        planes
            The planes; those of images that the engine has as a whole do not count.
        painted
            Whether something is painted on them, so that the engine keeps them.
        in_order
            Whether requests that were sent like this before have to be sent before.
        leave_out
            Takes a plane that cannot be read out of the request; without it, the answer
            to the request is `Failed` then.
        recycle
            Shared memory that is given back after the answer.

        Returns
        -------
        int
            The id of the request.
        """
        needed = tuple(plane for plane in planes if plane[0] in self._images)
        if painted:
            self._painted.update(needed)
        self._in_use.update(needed)

        def answered(event: Event) -> None:
            self._in_use.subtract(needed)
            on_answer(event)

        self._open.expect(request, answered, recycle=recycle)
        for plane in needed:
            self._need(plane)
        self._held.append(_Held(request, key, needed, in_order, leave_out))
        self._release()
        return request.id

    def read_ahead(self, key: str, index: PlaneIndex) -> None:
        """Read a plane that will be needed soon."""
        if key in self._images:
            self._need((key, index))

    def unreadable(self, keys: Sequence[str]) -> str:
        """Return why a plane of these images was left out; empty if none was."""
        left_out = sorted(plane for plane in self._left_out if plane[0] in keys)
        return self._unreadable.get(left_out[0], "") if left_out else ""

    def withdraw(self, which: Callable[[Request], bool], message: str) -> bool:
        """Answer requests that are held back with `Failed`, with the next `poll`.

        Returns
        -------
        bool
            Whether there was one.
        """
        chosen = [held for held in self._held if which(held.request)]
        for held in chosen:
            self._fail(held, Failed(held.request.id, message, cancelled=True))
        return bool(chosen)

    def poll(self) -> list[Event]:
        """Send what was read; return events that answer no request."""
        answers, self._answers = self._answers, []
        for answer in answers:
            self._open.answer(answer)
        for plane, reading in list(self._reading.items()):
            if reading.done():
                del self._reading[plane]
                self._take(plane, reading)
        self._release()
        return list(self._report())

    def close_image(self, key: str) -> list[SharedBlock]:
        """Forget an image; return the memory that its planes are in.

        What is held back for it is answered with `Failed`.
        """
        message = "The image was closed before it was read."
        for held in [held for held in self._held if held.key == key]:
            self._fail(held, Failed(held.request.id, message, cancelled=True))
        self._images.pop(key, None)
        for plane in [plane for plane in self._reading if plane[0] == key]:
            drop(self._reading.pop(plane))
        for planes in (self._painted, self._left_out):
            planes.difference_update([plane for plane in planes if plane[0] == key])
        for plane in [plane for plane in self._unreadable if plane[0] == key]:
            del self._unreadable[plane]
        gone = [plane for plane in self._there if plane[0] == key]
        return [self._there.pop(plane) for plane in gone]

    def fail_all(self, message: str) -> None:
        """Answer all that is held back with `Failed`: the engine has died."""
        for held in list(self._held):
            self._fail(held, Failed(held.request.id, message))
        answers, self._answers = self._answers, []
        for answer in answers:
            self._open.answer(answer)

    def forget(self) -> None:
        """Free all planes and read nothing more, after the process has ended."""
        for reading in self._reading.values():
            drop(reading)
        self._reading.clear()
        for block in self._there.values():
            block.close()
        self._there.clear()
        self._images.clear()
        self._unreadable.clear()
        self._painted.clear()
        self._left_out.clear()

    def close(self) -> None:
        """End the thread."""
        self._held.clear()
        self._answers.clear()
        self.forget()
        self._worker.close()

    # -- within -------------------------------------------------------------------

    def _need(self, plane: Plane) -> None:
        """Read a plane unless the engine has it or it is being read."""
        if plane in self._there:
            self._there.move_to_end(plane)
        elif plane not in self._reading:
            self._unreadable.pop(plane, None)
            self._left_out.discard(plane)
            image = self._images[plane[0]]
            self._reading[plane] = self._worker.submit(
                lambda: read_plane(image, plane[1])
            )

    def _take(self, plane: Plane, reading: Future[SharedBlock]) -> None:
        """Give the engine a plane that was read."""
        key, index = plane
        error = reading.exception()
        if error is not None:
            self._unreadable[plane] = str(error) or type(error).__name__
            return
        block = reading.result()
        self._there[plane] = block

        def answered(event: Event) -> None:
            if isinstance(event, Failed) and self._there.get(plane) is block:
                del self._there[plane]
                block.close()

        request = SetPlane(self._client.next_id(), key, index, block.description)
        self._open.send(request, answered)
        self._make_room(plane)

    def _make_room(self, newest: Plane) -> None:
        """Take back planes that nothing is painted on and nothing waits for."""
        spare = [
            plane
            for plane in self._there
            if plane not in self._painted and self._in_use[plane] <= 0
        ]
        left = sum(self._there[plane].capacity for plane in spare)
        for plane in spare:
            if left <= MAX_SPARE_BYTES:
                return
            if plane == newest:
                continue
            block = self._there.pop(plane)
            left -= block.capacity
            request = DropPlane(self._client.next_id(), *plane)
            self._open.send(request, remove=[block])

    def _release(self) -> None:
        """Send the requests whose planes are there, in the order they came."""
        must_wait = False
        for held in list(self._held):
            if any(plane in self._reading for plane in held.planes):
                must_wait = must_wait or held.in_order
                continue
            if held.in_order and must_wait:
                continue
            bad = [plane for plane in held.planes if plane in self._unreadable]
            if held.leave_out is not None:
                for plane in bad:
                    held.leave_out(plane[1])
                self._left_out.update(bad)
            elif bad:
                message = self._unreadable[bad[0]]
                self._fail(held, Failed(held.request.id, message, unreadable=True))
                continue
            self._held.remove(held)
            self._client.send(held.request)

    def _report(self) -> Iterable[Event]:
        """Say which painted planes cannot be read; each is said once."""
        for plane in list(self._unreadable):
            if plane in self._painted:
                message = f"{self._unreadable[plane]} Its strokes are not learnt from."
                self._painted.discard(plane)
                yield Failed(None, message, unreadable=True)

    def _fail(self, held: _Held, answer: Failed) -> None:
        self._held.remove(held)
        self._answers.append(answer)

"""The engine process as the session sees it: its state, start and restart."""

from __future__ import annotations

import logging
from collections.abc import Callable

from psygnal import Signal

from napari_garage_unet.process.protocol.messages import (
    Died,
    Failed,
    Progress,
    Ready,
    Warm,
)
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .client import Client
from .requests import EngineRequests
from .state import Engine

logger = logging.getLogger(__name__)


class EngineLink:
    """Owner of the client of the engine process.

    Parameters
    ----------
    make_client
        Returns a new client; called when the engine is first needed.

    Attributes
    ----------
    changed
        Signal: `state` is another one.
    progressed
        Signal: a training step was taken; emitted with `Progress`.
    died
        Signal: the process ended without being asked to. Emitted with `Died`, after
        every open request was answered with `Failed`.
    failed
        Signal: an error that belongs to no request; emitted with `Failed`.
    state
        What the process is doing.
    device, note
        The device it computes on, and why that is no GPU, as sentences; empty before
        it is ready.
    versions
        Version of each library the engine computes with.
    """

    changed = Signal()
    progressed = Signal(Progress)
    died = Signal(Died)
    failed = Signal(Failed)

    def __init__(self, make_client: Callable[[], Client]) -> None:
        self._make_client = make_client
        self._client: Client | None = None
        self._requests: EngineRequests | None = None
        self.state = Engine.OFF
        self.device = self.note = ""
        self.versions: dict[str, str] = {}

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not died."""
        return self.state in (Engine.STARTING, Engine.WARMING, Engine.READY)

    @property
    def client(self) -> Client | None:
        """Client of the process; None before the first start."""
        return self._client

    @property
    def engine(self) -> EngineRequests:
        """Requests to the engine; the first use starts the process."""
        self.start()
        assert self._requests is not None
        return self._requests

    def start(self) -> None:
        """Start the process unless it runs; it warms up on its own."""
        if self.is_running:
            return
        if self._client is None or self._requests is None:
            self._client = self._make_client()
            self._requests = EngineRequests(self._client)
            self._client.start()
        else:
            self._requests.forget_images()
            self._client.restart()
        self._set_state(Engine.STARTING)

    def open(self, annotated: AnnotatedImage) -> None:
        """Give the engine an image unless it has it.

        Raises
        ------
        InputError
            If its layers cannot be read.
        EngineError
            If there is not enough shared memory.
        """
        if not self.engine.has_image(annotated.key):
            self.engine.open_image(annotated.key, annotated.image())

    def forget(self, annotated: AnnotatedImage) -> None:
        """Close an image in the engine."""
        if self._requests is not None:
            self._requests.close_image(annotated.key)

    def poll(self) -> None:
        """Emit the events that arrived since the last call."""
        if self._requests is None:
            return
        for event in self._requests.poll():
            match event:
                case Ready():
                    self.device, self.versions = event.device, dict(event.versions)
                    self.note = event.note
                    if self.note:
                        logger.info(self.note)
                    self._set_state(Engine.WARMING)
                case Warm():
                    self._set_state(Engine.READY)
                case Progress():
                    self.progressed.emit(event)
                case Failed():
                    self.failed.emit(event)
                case Died():
                    self._set_state(Engine.DEAD)
                    self.died.emit(event)

    def close(self) -> None:
        """End the process; open requests get no answer."""
        if self._requests is not None:
            self._requests.close()
        self._client = self._requests = None
        self.state = Engine.OFF

    def _set_state(self, state: Engine) -> None:
        if state is not self.state:
            self.state = state
            self.changed.emit()

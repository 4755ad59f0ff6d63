"""The engine process as a session sees it: started when needed, watched, restarted."""

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

from .requests import Client, EngineRequests
from .state import Engine

logger = logging.getLogger(__name__)


class EngineLink:
    """Owns the client of the engine process and knows which images it has.

    Parameters
    ----------
    make_client
        Makes the client when the engine is first needed.

    Attributes
    ----------
    changed
        The engine has started, is warm, or has died.
    progressed
        A training step; emitted with `Progress`.
    died
        The process has gone without being asked to; emitted with `Died` after every
        open request was answered with `Failed`.
    failed
        An error that belongs to no request; emitted with `Failed`.
    state, device, note, versions
        What the process is doing, what it computes on and why on no GPU, in words.
    """

    changed = Signal()
    progressed = Signal(Progress)
    died = Signal(Died)
    failed = Signal(Failed)

    def __init__(self, make_client: Callable[[], Client]) -> None:
        self._make_client = make_client
        self._client: Client | None = None
        self._asking: EngineRequests | None = None
        self.state = Engine.OFF
        self.device = self.note = ""
        self.versions: dict[str, str] = {}

    @property
    def is_running(self) -> bool:
        """Whether the process has been started and has not died."""
        return self.state in (Engine.STARTING, Engine.WARMING, Engine.READY)

    @property
    def client(self) -> Client | None:
        """The client of the process; None before it is first started."""
        return self._client

    @property
    def engine(self) -> EngineRequests:
        """Who to ask; the process is started when it does not run."""
        self.start()
        assert self._asking is not None
        return self._asking

    def start(self) -> None:
        """Start the process unless it runs; it warms up by itself."""
        if self.is_running:
            return
        if self._client is None or self._asking is None:
            self._client = self._make_client()
            self._asking = EngineRequests(self._client)
            self._client.start()
        else:
            self._asking.forget_images()
            self._client.restart()
        self._set_state(Engine.STARTING)

    def open(self, annotated: AnnotatedImage) -> None:
        """See to it that the engine has an image.

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
        """Have the engine forget an image."""
        if self._asking is not None:
            self._asking.close_image(annotated.key)

    def poll(self) -> None:
        """Hand out what the engine has said since the last time."""
        if self._asking is None:
            return
        for event in self._asking.poll():
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
        """End the process; open questions stay unanswered."""
        if self._asking is not None:
            self._asking.close()
        self._client = self._asking = None
        self.state = Engine.OFF

    def _set_state(self, state: Engine) -> None:
        if state is not self.state:
            self.state = state
            self.changed.emit()

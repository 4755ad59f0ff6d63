"""What the session needs of a client of the engine process."""

from __future__ import annotations

from typing import Protocol

from napari_garage_unet.process.protocol.messages import Event, Request


class Client(Protocol):
    """The part of `napari_garage_unet.process.client.client.EngineClient` in use."""

    def start(self) -> None:
        """Start the process."""

    def restart(self) -> None:
        """End the process and start another one."""

    def close(self) -> None:
        """End the process."""

    def next_id(self) -> int:
        """Return a new id for a request."""

    def send(self, request: Request) -> None:
        """Send a request."""

    def poll(self) -> list[Event]:
        """Return the events that arrived since the last call."""

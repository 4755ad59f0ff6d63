"""One session per viewer: what its docks share, without Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .connection.client import Client
from .problems import Problem
from .session import Session

__all__ = ["Problem", "Session", "close_session", "get_session"]

_sessions: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()


def get_session(
    viewer: Any, *, make_client: Callable[[], Client] | None = None
) -> Session:
    """The session of a viewer, made when it is first asked for.

    Parameters
    ----------
    viewer
        A viewer, a `ViewerModel`, or a proxy of one.
    make_client
        Makes the client of the engine process; None makes the usual one.
    """
    # A proxy dies early and would take its entry along.
    viewer = getattr(viewer, "__wrapped__", viewer)
    session = _sessions.get(viewer)
    if session is None:
        session = Session(viewer, make_client or _usual_client)
        _sessions[viewer] = session
        weakref.finalize(viewer, session.close)
    return session


def close_session(viewer: Any) -> None:
    """End the session of a viewer that was closed, and its engine process."""
    session = _sessions.pop(getattr(viewer, "__wrapped__", viewer), None)
    if session is not None:
        session.close()


def _usual_client() -> Client:
    from napari_garage_unet.process.client.client import EngineClient

    return EngineClient()

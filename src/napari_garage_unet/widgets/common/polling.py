"""The one timer that polls a session, and what ties the session to its window.

Nothing in `session` waits for the engine process, a thread or a stroke to end:
`Session.poll` looks whether there is news and passes it on. This timer calls it, in
Qt's main thread, which is where napari wants its layers changed.
"""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication, QWidget

from napari_garage_unet.session import Session, close_session

from .activity import Activity

POLL_INTERVAL_MS = 30
"""Milliseconds between two polls: about one for each frame a person can tell apart."""


class PollTimer(QObject):
    """Poll a session as long as its viewer is open, with or without docks.

    Parameters
    ----------
    session
        The session to poll.
    viewer
        Its viewer, not a proxy of it. When its window is closed, so is the session.
    """

    def __init__(self, session: Session, viewer: Any) -> None:
        super().__init__(QApplication.instance())
        self._session = weakref.ref(session)
        self._viewer = weakref.ref(viewer)
        self._activity = Activity(session)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_INTERVAL_MS)
        self._timer.timeout.connect(self._poll)
        self._timer.start()

    def watch(self, dock: QWidget) -> None:
        """Close the session when the window that holds a dock is closed."""
        window = dock.window()
        if window is not None and window is not dock:
            window.removeEventFilter(self)
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Look, once a close event has been handled, whether the window is gone."""
        if event is not None and event.type() == QEvent.Type.Close:
            # A window may refuse to close, so only the outcome counts.
            window = weakref.ref(watched)
            QTimer.singleShot(0, lambda: self._stop_without(window()))
        return False

    def stop(self) -> None:
        """Stop polling, and close the session with its engine process."""
        self._timer.stop()
        viewer = self._viewer()
        if viewer is not None:
            _poll_timers.pop(viewer, None)
            close_session(viewer)
        else:
            session = self._session()
            if session is not None:
                session.close()
        self.deleteLater()

    def _stop_without(self, window: Any) -> None:
        if window is None or not _is_visible(window):
            self.stop()

    def _poll(self) -> None:
        session = self._session()
        if session is None or self._viewer() is None:
            self.stop()
        else:
            session.poll()


_poll_timers: weakref.WeakKeyDictionary[Any, PollTimer] = weakref.WeakKeyDictionary()


def poll_timer_for(session: Session, viewer: Any) -> PollTimer:
    """Return the poll timer of a viewer, which is made at the first call.

    Parameters
    ----------
    session
        The session of the viewer.
    viewer
        The viewer, or a proxy of it.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    poll_timer = _poll_timers.get(viewer)
    if poll_timer is None:
        poll_timer = PollTimer(session, viewer)
        _poll_timers[viewer] = poll_timer
    return poll_timer


def _is_visible(window: Any) -> bool:
    try:
        return bool(window.isVisible())
    except RuntimeError:
        # Qt has deleted the window; only its Python wrapper is left.
        return False

"""The heartbeat of a session: the only thing that ties it to Qt's event loop."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication, QWidget

from napari_garage_unet.session import Session, close_session

from .activity import Activity

INTERVAL = 30
"""Milliseconds between two polls."""


class PollTimer(QObject):
    """Polls a session as long as its viewer is open, whether docks are or not.

    Parameters
    ----------
    session
        The session.
    viewer
        Its viewer, not a proxy; when its window closes, the session does.
    """

    def __init__(self, session: Session, viewer: Any) -> None:
        super().__init__(QApplication.instance())
        self._session = weakref.ref(session)
        self._viewer = weakref.ref(viewer)
        self._activity = Activity(session)
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def watch(self, dock: QWidget) -> None:
        """Notice when the window that holds this dock is closed."""
        window = dock.window()
        if window is not None and window is not dock:
            window.removeEventFilter(self)
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Look whether the window is gone once its closing has been decided."""
        if event is not None and event.type() == QEvent.Type.Close:
            window = weakref.ref(watched)
            QTimer.singleShot(0, lambda: self._after_close(window()))
        return False

    def stop(self) -> None:
        """End the session and its engine process."""
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

    def _after_close(self, window: Any) -> None:
        if window is None or not _is_visible(window):
            self.stop()

    def _beat(self) -> None:
        session = self._session()
        if session is None or self._viewer() is None:
            self.stop()
        else:
            session.poll()


_poll_timers: weakref.WeakKeyDictionary[Any, PollTimer] = weakref.WeakKeyDictionary()


def poll_timer_for(session: Session, viewer: Any) -> PollTimer:
    """The pump of a session, made when it is first asked for."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    pump = _poll_timers.get(viewer)
    if pump is None:
        pump = PollTimer(session, viewer)
        _poll_timers[viewer] = pump
    return pump


def _is_visible(window: Any) -> bool:
    try:
        return bool(window.isVisible())
    except RuntimeError:
        # Qt has deleted the window; only its Python shell is left.
        return False

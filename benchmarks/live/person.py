"""A simulated person: mouse events that draw lines on the canvas.

The events have sixty positions a second, as those of a hand with a mouse, and go to the
canvas as Qt would send them.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

MOVE_INTERVAL_SECONDS = 1 / 60
"""Time from one position of the mouse to the next."""


class Person:
    """Draw in a viewer, and note when a frame is drawn.

    Parameters
    ----------
    viewer
        A `napari.Viewer` that is shown.

    Attributes
    ----------
    frames
        Times, in seconds of `time.perf_counter`, at which the canvas was drawn.
    computed
        Processor seconds this thread had used at those times.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.frames: list[float] = []
        self.computed: list[float] = []
        with warnings.catch_warnings():
            # The canvas is not public.
            warnings.simplefilter("ignore")
            canvas = viewer.window._qt_viewer.canvas
        self._native = canvas.native
        self._scene = canvas._scene_canvas
        self._scene.events.draw.connect(self._on_draw, position="last")

    def live(self, seconds: float, *, until: Callable[[], bool] | None = None) -> bool:
        """Process events for some seconds; return True as soon as something is so."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()
            if until is not None and until():
                return True
            time.sleep(0.001)
        return False

    def draw(self, points: Sequence[Sequence[float]]) -> float:
        """Draw a line through points of the world, one position after the other.

        Returns
        -------
        float
            Time of `time.perf_counter` at which the brush was lifted.
        """
        position = self._position(points[0])
        self._send(QEvent.Type.MouseMove, position, pressed=False)
        self._send(QEvent.Type.MouseButtonPress, position, pressed=True)
        for point in points:
            due = time.perf_counter() + MOVE_INTERVAL_SECONDS
            position = self._position(point)
            self._send(QEvent.Type.MouseMove, position, pressed=True)
            self.live(max(due - time.perf_counter(), 0.001))
        lifted = time.perf_counter()
        self._send(QEvent.Type.MouseButtonRelease, position, pressed=False)
        return lifted

    def _position(self, point: Sequence[float]) -> QPointF:
        """Return the position on the canvas of a point ``(y, x)`` of the world."""
        camera = self.viewer.scene.camera
        center = camera.center[-2:]
        size = self._native.size()
        y, x = (
            (value - middle) * camera.zoom
            for value, middle in zip(point, center, strict=True)
        )
        return QPointF(size.width() / 2 + x, size.height() / 2 + y)

    def _send(self, kind: QEvent.Type, position: QPointF, *, pressed: bool) -> None:
        button = Qt.MouseButton.LeftButton
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            position,
            QPointF(self._native.mapToGlobal(position.toPoint())),
            none if kind == QEvent.Type.MouseMove else button,
            button if pressed else none,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self._native, event)

    def _on_draw(self, event: Any) -> None:
        self.frames.append(time.perf_counter())
        self.computed.append(time.thread_time())


def lines_in(
    mask: NDArray[np.bool_], rng: np.random.Generator, *, length: int = 40
) -> Iterator[NDArray[np.float64]]:
    """Make wandering lines inside a mask, without end.

    Yields
    ------
    ndarray of shape (n, 2)
        Points ``(y, x)`` a pixel apart, as many as stay inside and `length` at most.
    """
    inside = np.argwhere(mask)
    while True:
        point = inside[rng.integers(len(inside))].astype(float)
        heading = rng.uniform(0, 2 * np.pi)
        points = [point]
        for _ in range(length):
            heading += rng.normal(0, 0.3)
            point = point + np.array([np.sin(heading), np.cos(heading)])
            y, x = np.rint(point).astype(int)
            if not (0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x]):
                break
            points.append(point)
        if len(points) > 5:
            yield np.array(points)

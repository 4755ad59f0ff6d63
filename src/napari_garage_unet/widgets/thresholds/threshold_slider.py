"""A slider for a threshold on the histogram of the probabilities it cuts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from qtpy.QtWidgets import QSizePolicy, QWidget

HISTOGRAM_BINS = 64
MARGIN_PIXELS = 7
"""Left and right of the histogram, for the handle of the slider."""

KEY_STEP = 0.01
SHIFT_KEY_STEP = 0.1
"""Change of the threshold at an arrow key, and with Shift."""


class ThresholdSlider(QWidget):
    """A line over a histogram, moved by mouse or arrow keys.

    Attributes
    ----------
    moved
        Emitted with the threshold, 0 to 1, while a person moves it.
    pressed
        Emitted when the mouse button goes down, before the first move.
    released
        Emitted when the mouse button is released, and after each key.
    focused
        Emitted when the slider gets the keyboard focus.
    is_held
        Whether the mouse button is down.
    """

    moved = Signal(float)
    pressed = Signal()
    focused = Signal()
    released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._value = 0.5
        self._is_automatic = True
        self._bars = np.zeros(HISTOGRAM_BINS)
        self._color = QColor()
        self._curve: NDArray[np.float64] | None = None
        self._suggested = 0.0
        self.is_held = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(100)

    @property
    def value(self) -> float:
        """The threshold, 0 to 1."""
        return self._value

    @property
    def bars(self) -> NDArray[np.float64]:
        """``(64,)`` heights of the histogram, 0 to 1; all 0 where there is none."""
        return self._bars

    def sizeHint(self) -> QSize:
        """Return the size that suits a dock."""
        return QSize(260, 28)

    def show_threshold(self, value: float, *, automatic: bool) -> None:
        """Show a threshold, as a dashed line if it is automatic."""
        self._value, self._is_automatic = value, automatic
        self.update()

    def show_color(self, color: str) -> None:
        """Draw the histogram in the colour of the class, ``"#rrggbb"``."""
        self._color = QColor(color)
        self.update()

    def show_histogram(self, counts: NDArray[np.int64] | None) -> None:
        """Show how many pixels have which probability, on a logarithmic scale.

        Parameters
        ----------
        counts
            ``(256,)`` pixels at each level of the probability; None shows nothing.
        """
        if counts is None:
            self._bars = np.zeros(HISTOGRAM_BINS)
        else:
            binned = np.log1p(counts.reshape(HISTOGRAM_BINS, -1).sum(axis=1))
            self._bars = binned / max(float(binned.max()), 1.0)
        self.update()

    def show_suggestion(
        self, curve: NDArray[np.float64] | None, value: float = 0.0
    ) -> None:
        """Show how well each threshold fits the strokes.

        Parameters
        ----------
        curve
            ``(n,)`` IoU, 0 to 1, at thresholds 1/n, 2/n, ..., 1; None shows nothing.
        value
            The suggested threshold, 0 to 1.
        """
        self._curve, self._suggested = curve, value
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the histogram, faint below the threshold, a suggestion and the line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        area = self._area()
        ground = QColor(text)
        ground.setAlpha(20)
        painter.fillRect(area, ground)
        faint = QColor(self._color)
        faint.setAlpha(70)
        edge = QColor(text)
        edge.setAlpha(130)
        width = area.width() / HISTOGRAM_BINS
        for i, height in enumerate(self._bars):
            if height <= 0:
                continue
            taken = (i + 1) / HISTOGRAM_BINS > self._value
            bar = QRectF(
                area.left() + i * width,
                area.bottom() - height * area.height(),
                max(width - 0.5, 0.5),
                height * area.height(),
            )
            painter.fillRect(bar, self._color if taken else faint)
            # An edge makes dark colours visible on a dark background.
            painter.fillRect(QRectF(bar.left(), bar.top(), bar.width(), 1), edge)
        self._draw_suggestion(painter, area, text)
        x = area.left() + self._value * area.width()
        style = Qt.PenStyle.DashLine if self._is_automatic else Qt.PenStyle.SolidLine
        painter.setPen(QPen(text, 2.4 if self.hasFocus() else 1.6, style))
        painter.drawLine(QPointF(x, area.top() - 2), QPointF(x, area.bottom() + 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(text)
        bottom = area.bottom() + 1
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(x, bottom - 5),
                    QPointF(x - 5, bottom + 3),
                    QPointF(x + 5, bottom + 3),
                ]
            )
        )

    def _draw_suggestion(self, painter: QPainter, area: QRectF, text: QColor) -> None:
        if self._curve is None:
            return
        curve = self._curve
        low, span = float(curve.min()), max(float(np.ptp(curve)), 1e-6)
        points = [
            QPointF(
                area.left() + (i + 1) / curve.size * area.width(),
                area.bottom() - 1 - (float(iou) - low) / span * (area.height() - 2),
            )
            for i, iou in enumerate(curve)
        ]
        painter.setPen(QPen(text, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        x = area.left() + self._suggested * area.width()
        painter.setPen(QPen(text, 1.4, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Emit `focused`."""
        super().focusInEvent(event)
        self.focused.emit()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Move the threshold to the mouse."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.is_held = True
            self.pressed.emit()
            self.move_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the threshold with the mouse."""
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Emit `released`."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.is_held = False
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move by `KEY_STEP`; with Shift by `SHIFT_KEY_STEP`."""
        if event is None:
            return
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
        }
        direction = steps.get(Qt.Key(event.key()))
        if direction is None:
            super().keyPressEvent(event)
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        step = SHIFT_KEY_STEP if shift else KEY_STEP
        self._choose(self._value + direction * step)
        self.released.emit()

    def position_of(self, value: float) -> QPointF:
        """Return where a threshold is drawn, in pixels of the widget."""
        area = self._area()
        return QPointF(area.left() + value * area.width(), area.center().y())

    def move_to(self, x: float) -> None:
        """Choose the threshold that is drawn at `x`, in pixels of the widget."""
        area = self._area()
        self._choose((x - area.left()) / area.width())

    def _choose(self, value: float) -> None:
        value = round(float(np.clip(value, 0, 1)), 3)
        if value != self._value or self._is_automatic:
            self.show_threshold(value, automatic=False)
            self.moved.emit(value)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN_PIXELS, 3, -MARGIN_PIXELS, -5)

"""The learning curve: losses and errors over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_garage_unet.session.training.history import History

MAX_POINTS = 400
"""Points of a line that are drawn; the widget is not many pixels wide."""

MAX_MARKS = 40
"""Marks on a line; more would cover it."""

REDRAW_INTERVAL_MS = 300
"""Least time in milliseconds between two drawings.

Steps come faster than they can be read, and each drawing makes Qt compose the whole
window again, with its canvas.
"""

HEIGHT_PIXELS = 82
"""Low, so that what is below it in the dock is in sight, too."""

MARK_RADIUS_PIXELS = 2.5

Values = NDArray[np.float64]


class Curve(QWidget):
    """Training loss, loss on held-out strokes, and error of the preview, over seconds.

    A dashed line, a solid one with dots, and a dotted one with squares, so that they
    differ without colour. The error is the share, 0 to 1, of each new stroke whose
    class the preview had wrong before it was painted.
    """

    def __init__(self) -> None:
        super().__init__()
        self._history = History()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_INTERVAL_MS)
        self._timer.timeout.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "How far the answers are from your strokes; lower is better.\n"
            "Dashed: strokes it learns from (training loss).\n"
            "Thick, with dots: strokes that were kept aside to check it (validation "
            "loss).\n"
            "Squares: how much of each new stroke the preview had wrong before you "
            "painted it, from none of it at the bottom to all of it at the top.\n"
            "When the thick line rises while the dashed one falls, it overfits: paint "
            "more, and elsewhere. When the squares sink, you are nearly done."
        )

    def sizeHint(self) -> QSize:
        """Return the size that suits a dock."""
        return QSize(280, HEIGHT_PIXELS)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which the curve can be read."""
        return QSize(120, HEIGHT_PIXELS)

    def show_history(self, history: History) -> None:
        """Draw a history, and what is added to it at later calls of `follow`."""
        if history is not self._history:
            self._history = history
            self.update()
        else:
            self.follow()

    def follow(self) -> None:
        """Redraw soon, because the history has grown."""
        if not self._timer.isActive():
            self._timer.start()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the legend, the lines and the ends of the time axis."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        line_height = painter.fontMetrics().height()
        frame = QRectF(self.rect()).adjusted(6, line_height + 4, -6, -line_height - 4)
        faint = QColor(text)
        faint.setAlpha(70)
        painter.setPen(QPen(faint, 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        history = self._history
        self._draw_legend(
            painter,
            text,
            has_checked=bool(history.checked_loss),
            has_corrected=bool(history.corrected),
        )
        if len(history.loss) < 2:
            muted = QColor(text)
            muted.setAlpha(150)
            painter.setPen(muted)
            painter.drawText(
                frame,
                Qt.AlignmentFlag.AlignCenter,
                "The learning curve appears here.",
            )
            return
        seconds, smooth = _thinned(history.seconds, history.smooth)
        checked_at, checked = _thinned(history.checked_at, history.checked_loss)
        top = float(max(np.quantile(smooth, 0.98), checked.max(initial=0.0), 1e-6))
        end = float(seconds[-1]) or 1.0

        def to_frame(at: Values, value: Values) -> QPainterPath:
            x = frame.left() + frame.width() * at / end
            y = frame.bottom() - frame.height() * np.clip(value / top, 0, 1)
            points = [QPointF(float(a), float(b)) for a, b in zip(x, y, strict=True)]
            path = QPainterPath(points[0])
            for point in points[1:]:
                path.lineTo(point)
            return path

        muted = QColor(text)
        muted.setAlpha(170)
        painter.setPen(QPen(muted, 1.1, Qt.PenStyle.DashLine))
        painter.drawPath(to_frame(seconds, smooth))
        if len(checked) > 1:
            painter.setPen(QPen(text, 2.2))
            painter.drawPath(to_frame(checked_at, checked))
        if len(checked):
            marks = to_frame(
                *_thinned(history.checked_at, history.checked_loss, MAX_MARKS)
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(text)
            for i in range(marks.elementCount()):
                at_mark = QPointF(marks.elementAt(i).x, marks.elementAt(i).y)
                painter.drawEllipse(at_mark, MARK_RADIUS_PIXELS, MARK_RADIUS_PIXELS)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if history.corrected:
            # The error has a scale of its own: 0 to 1 from bottom to top.
            at, share = _thinned(history.corrected_at, history.corrected_smooth)
            painter.setPen(QPen(text, 1.3, Qt.PenStyle.DotLine))
            painter.drawPath(to_frame(at, top * share))
            at, share = _thinned(history.corrected_at, history.corrected, MAX_MARKS)
            marks = to_frame(at, top * share)
            painter.setPen(QPen(muted, 1))
            for i in range(marks.elementCount()):
                x, y = marks.elementAt(i).x, marks.elementAt(i).y
                side = 2 * MARK_RADIUS_PIXELS
                painter.drawRect(QRectF(x - side / 2, y - side / 2, side, side))
        self._draw_ends(painter, frame, text, end)

    def _draw_legend(
        self,
        painter: QPainter,
        text: QColor,
        *,
        has_checked: bool,
        has_corrected: bool,
    ) -> None:
        y = painter.fontMetrics().height() / 2 + 2
        x = 4.0
        entries = [("learning", QPen(text, 1.1, Qt.PenStyle.DashLine))]
        if has_checked:
            entries.append(("held out", QPen(text, 2.2)))
        if has_corrected:
            entries.append(("error", QPen(text, 1.3, Qt.PenStyle.DotLine)))
        for name, pen in entries:
            painter.setPen(pen)
            painter.drawLine(QPointF(x, y), QPointF(x + 20, y))
            painter.setPen(text)
            width = painter.fontMetrics().horizontalAdvance(name)
            painter.drawText(
                QRectF(x + 25, 0, width + 4, 2 * y),
                Qt.AlignmentFlag.AlignVCenter,
                name,
            )
            x += width + 37

    def _draw_ends(
        self, painter: QPainter, frame: QRectF, text: QColor, end: float
    ) -> None:
        muted = QColor(text)
        muted.setAlpha(170)
        painter.setPen(muted)
        below = QRectF(frame.left(), frame.bottom() + 2, frame.width(), 20)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0 s")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{end:.0f} s")


def _thinned(
    at: Sequence[float], values: Sequence[float], max_points: int = MAX_POINTS
) -> tuple[Values, Values]:
    """Return evenly chosen points of a line, with the first and the last.

    Only the chosen ones are read, so that a long history is drawn as quickly as a
    short one.

    Parameters
    ----------
    at, values
        Seconds and values, of equal length.
    max_points
        How many points are returned at most; at least two.
    """
    last = len(values) - 1
    chosen: Sequence[int] = range(len(values))
    if len(values) > max_points:
        chosen = [round(i * last / (max_points - 1)) for i in range(max_points)]
    return np.array([at[i] for i in chosen]), np.array([values[i] for i in chosen])

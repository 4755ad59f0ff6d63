"""How learning goes: three lines over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_garage_unet.session.training.history import History

MOST_POINTS = 400
"""More than the widget has pixels are not drawn."""

MOST_MARKS = 40
"""More would cover the line they stand on."""

INTERVAL = 300
"""Milliseconds from one drawing to the next at the least.

Steps come faster than they can be read, and each drawing makes Qt put the whole window
together anew, the canvas included.
"""

HEIGHT = 82
"""Pixels; what is below it in the dock has to be in sight, too."""

MARK = 2.5
"""Half the size in pixels of the marks on a line."""


Values = NDArray[np.float64]


class Curve(QWidget):
    """Training loss, loss on held-out strokes, and mistakes corrected, over seconds.

    A dashed line, a solid one with dots, and a dotted one with squares, so that they
    are told apart without colour.
    """

    def __init__(self) -> None:
        super().__init__()
        self._history = History()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "How far the answers are from your strokes; lower is better.\n"
            "Dashed: strokes it learns from (training loss).\n"
            "Thick, with dots: strokes that were kept aside to check it (validation "
            "loss).\n"
            "Squares: how much of each new stroke the preview had wrong before you "
            "painted it, from none of it at the bottom to all of it at the top.\n"
            "When the thick line rises while the dashed one falls, it learns by heart: "
            "paint more, and elsewhere. When the squares sink, you are nearly done."
        )

    def sizeHint(self) -> QSize:
        """Return a size for a dock."""
        return QSize(280, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which it can be read."""
        return QSize(120, HEIGHT)

    def show_history(self, history: History) -> None:
        """Draw these curves; the widget looks at them again when painted."""
        if history is not self._history:
            self._history = history
            self.update()
        else:
            self.follow()

    def follow(self) -> None:
        """Draw the curves again, in a moment, because they have grown."""
        if not self._timer.isActive():
            self._timer.start()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes, lines and their names."""
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
                *_thinned(history.checked_at, history.checked_loss, MOST_MARKS)
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(text)
            for i in range(marks.elementCount()):
                painter.drawEllipse(QPointF(marks.elementAt(i)), MARK, MARK)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if history.corrected:
            # A share has a scale of its own: the frame from bottom to top.
            at, share = _thinned(history.corrected_at, history.corrected_smooth)
            painter.setPen(QPen(text, 1.3, Qt.PenStyle.DotLine))
            painter.drawPath(to_frame(at, top * share))
            at, share = _thinned(history.corrected_at, history.corrected, MOST_MARKS)
            marks = to_frame(at, top * share)
            painter.setPen(QPen(muted, 1))
            for i in range(marks.elementCount()):
                x, y = marks.elementAt(i).x, marks.elementAt(i).y
                painter.drawRect(QRectF(x - MARK, y - MARK, 2 * MARK, 2 * MARK))
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
            entries.append(("was wrong", QPen(text, 1.3, Qt.PenStyle.DotLine)))
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
    at: Sequence[float], values: Sequence[float], most: int = MOST_POINTS
) -> tuple[Values, Values]:
    """As many points of a line as can be told apart, the first and the last included.

    Only they are looked at, so that a long history is drawn as quickly as a short one.
    """
    last = len(values) - 1
    chosen = range(len(values))
    if len(values) > most:
        chosen = [round(i * last / (most - 1)) for i in range(most)]
    return np.array([at[i] for i in chosen]), np.array([values[i] for i in chosen])

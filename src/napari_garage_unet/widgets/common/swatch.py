"""A field of a class's colour."""

from __future__ import annotations

from qtpy.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QPalette,
)
from qtpy.QtWidgets import (
    QWidget,
)


class Swatch(QWidget):
    """A square in the colour of a class."""

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self.setFixedSize(16, 16)

    def set_color(self, color: str) -> None:
        """Show another colour, ``"#rrggbb"``."""
        self._color = QColor(color)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it with an outline, so that it shows on any ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        outline.setAlpha(120)
        painter.setPen(outline)
        painter.setBrush(self._color)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 3, 3)

"""The colour of a class."""

from __future__ import annotations

from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QWidget

SIDE_PIXELS = 16


class Swatch(QWidget):
    """A square in the colour of a class."""

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self.setFixedSize(SIDE_PIXELS, SIDE_PIXELS)

    def set_color(self, color: str) -> None:
        """Show a colour, ``"#rrggbb"``."""
        self._color = QColor(color)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the square with an outline, so that it is seen on any background."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        outline.setAlpha(120)
        painter.setPen(outline)
        painter.setBrush(self._color)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 3, 3)

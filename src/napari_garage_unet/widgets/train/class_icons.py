"""The icons of the buttons of a class."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

ICON_PIXELS = 28
"""Width and height of the pixmaps, twice what is shown."""


def see_through_icon(color: QColor, *, on: bool) -> QIcon:
    """Draw a checkerboard, the usual sign for transparency; its frame where not on."""
    pixmap = QPixmap(ICON_PIXELS, ICON_PIXELS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(color)
    painter.drawRect(1, 1, 25, 25)
    if on:
        for row in range(3):
            for column in range(3):
                if (row + column) % 2 == 0:
                    painter.fillRect(2 + 8 * column, 2 + 8 * row, 8, 8, color)
    painter.end()
    return QIcon(pixmap)


def cross_icon(color: QColor) -> QIcon:
    """Draw a cross."""
    pixmap = QPixmap(ICON_PIXELS, ICON_PIXELS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 2.5))
    painter.drawLine(7, 7, 20, 20)
    painter.drawLine(7, 20, 20, 7)
    painter.end()
    return QIcon(pixmap)

"""A section of a dock that is collapsed until it is needed."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap, QPolygonF, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout
from superqt import QCollapsible

ARROW_PIXELS = 24
"""Width and height of the arrow's pixmap, twice what is shown."""

ARROW = ((6.0, 8.0), (18.0, 8.0), (12.0, 15.0))
"""Corners ``(x, y)`` in the pixmap of the arrow that points down."""

ARROW_ALPHA = 160
"""Opacity of the arrow, of 255."""

MAX_WIDGET_HEIGHT = 16_777_215
"""Qt's ``QWIDGETSIZE_MAX`` in pixels: no limit."""

TITLE_STYLE = """
QPushButton {
    text-align: left; border: none; background: transparent; padding: 2px 6px 2px 2px;
}
QPushButton:focus { text-decoration: underline; }
"""
"""The title looks like text; reached by the keyboard it is underlined."""


class Fold(QCollapsible):
    """A title to click or to press Space on, and contents below it.

    It opens and closes at once: each step of an animation would lay out the window
    with its canvas again. Collapsed contents are hidden, so that Tab passes them by;
    expanded they are as high as they need to be at the width of the dock.

    Parameters
    ----------
    title
        Text of the title.
    tooltip
        What the contents are for.

    Attributes
    ----------
    line
        Layout of the title, with room for buttons beside it.
    column
        Layout of the contents.
    """

    def __init__(self, title: str, *, tooltip: str) -> None:
        super().__init__(title)
        # napari's style pads frames, and this one is none to be seen.
        self.setStyleSheet("Fold { padding: 0px; }")
        # QCollapsible gives the contents the height of their hint: by its size policy,
        # by the alignment of its layout, and by their maximum height, which
        # `_show_content` lifts. A narrow dock wraps them, and they need more.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        button = self.toggleButton()
        button.setToolTip(tooltip)
        button.setStyleSheet(TITLE_STYLE)
        # A click needs no focus, and would leave the title underlined.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.setAlignment(Qt.AlignmentFlag(0))
        layout.removeWidget(button)
        self.line = QHBoxLayout()
        self.line.addWidget(button, 1)
        layout.insertLayout(0, self.line)
        column = self.content().layout()
        assert isinstance(column, QVBoxLayout)
        self.column = column
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        self.content().hide()
        self.toggled.connect(self._show_content)
        self._draw_arrows()

    def expand(self, animate: bool = False) -> None:
        """Show the contents."""
        super().expand(animate)

    def collapse(self, animate: bool = False) -> None:
        """Hide the contents."""
        super().collapse(animate)

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw the arrows in the colours of the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self._draw_arrows()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Draw the arrows in the colours that the window's theme has given."""
        super().showEvent(event)
        self._draw_arrows()

    def _show_content(self, is_open: bool) -> None:
        self.content().setMaximumHeight(MAX_WIDGET_HEIGHT if is_open else 0)
        self.content().setVisible(is_open)

    def _draw_arrows(self) -> None:
        color = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        color.setAlpha(ARROW_ALPHA)
        self.setExpandedIcon(_arrow(color, ARROW))
        self.setCollapsedIcon(_arrow(color, tuple((y, x) for x, y in ARROW)))


def _arrow(color: QColor, corners: tuple[tuple[float, float], ...]) -> QIcon:
    pixmap = QPixmap(ARROW_PIXELS, ARROW_PIXELS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    return QIcon(pixmap)

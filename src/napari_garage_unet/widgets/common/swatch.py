"""The colour of a class, and a button that changes it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QColorDialog, QToolButton, QWidget

SIDE_PIXELS = 16


class Swatch(QWidget):
    """A square in a colour."""

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self.setFixedSize(SIDE_PIXELS, SIDE_PIXELS)

    def set_color(self, color: str) -> None:
        """Show a colour, ``"#rrggbb"``."""
        self._color = QColor(color)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the square."""
        _draw(self, self._color, is_active=False)


class ColorButton(QToolButton):
    """A square in a colour; a click opens a dialog in which another can be chosen.

    Attributes
    ----------
    chosen
        Emitted with the colour, ``"#rrggbb"``, when another was chosen.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._color = QColor()
        self._dialog: QColorDialog | None = None
        self.setFixedSize(SIDE_PIXELS, SIDE_PIXELS)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.open_dialog)

    def minimumSizeHint(self) -> QSize:
        """All of it is the square, without the margins of a button."""
        return QSize(SIDE_PIXELS, SIDE_PIXELS)

    @property
    def color(self) -> str:
        """The colour that is shown, ``"#rrggbb"``."""
        return self._color.name()

    def set_color(self, color: str) -> None:
        """Show a colour, ``"#rrggbb"``."""
        self._color = QColor(color)
        self.update()

    def open_dialog(self) -> QColorDialog:
        """Open the dialog; it blocks no other window."""
        if self._dialog is None:
            dialog = QColorDialog(self)
            dialog.setWindowModality(Qt.WindowModality.NonModal)
            dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
            dialog.colorSelected.connect(self._on_chosen)
            self._dialog = dialog
        self._dialog.setWindowTitle(self.accessibleName())
        self._dialog.setCurrentColor(self._color)
        self._dialog.show()
        self._dialog.raise_()
        return self._dialog

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the square, brighter under the mouse and with the focus."""
        _draw(self, self._color, is_active=self.underMouse() or self.hasFocus())

    def _on_chosen(self, color: QColor) -> None:
        if color.name() != self._color.name():
            self.chosen.emit(color.name())


def _draw(widget: QWidget, color: QColor, *, is_active: bool) -> None:
    """Draw a square with an outline, so that it is seen on any background."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QColor(widget.palette().color(QPalette.ColorRole.WindowText))
    outline.setAlpha(255 if is_active else 120)
    painter.setPen(outline)
    painter.setBrush(color)
    painter.drawRoundedRect(widget.rect().adjusted(1, 1, -2, -2), 3, 3)

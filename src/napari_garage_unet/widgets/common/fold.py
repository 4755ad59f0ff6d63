"""Rare things, folded away."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A line to click, and below it what is shown or not.

    Parameters
    ----------
    title
        What the line says.
    tooltip
        What is in there.

    Attributes
    ----------
    button
        The line; it is checked while the fold is open.
    column
        What is shown when it is open.
    """

    def __init__(self, title: str, *, tooltip: str) -> None:
        super().__init__()
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setToolTip(tooltip)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        self._content = QWidget()
        self._content.hide()
        self.column = QVBoxLayout(self._content)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(self._content)
        self.button.toggled.connect(self._on_toggled)

    def _on_toggled(self, is_open: bool) -> None:
        self.button.setArrowType(
            Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        )
        self._content.setVisible(is_open)

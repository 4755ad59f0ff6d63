"""A label that becomes a field for a name."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import (
    QFocusEvent,
    QKeyEvent,
)
from qtpy.QtWidgets import (
    QLineEdit,
    QSizePolicy,
)


class NameEdit(QLineEdit):
    """A name that looks like a label until `begin` makes it a field.

    Attributes
    ----------
    finished
        Emitted with the text when editing ends; after Escape it is the former one.
    """

    finished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setFrame(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setStyleSheet("QLineEdit:read-only { background: transparent; }")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(40)
        self.editingFinished.connect(self._end)

    @property
    def is_editing(self) -> bool:
        """Whether it is a field now."""
        return not self.isReadOnly()

    def begin(self) -> None:
        """Become a field, with the name selected."""
        self.setReadOnly(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """End editing at Escape and restore the former name."""
        if event is not None and event.key() == Qt.Key.Key_Escape and self.is_editing:
            self.undo()
            self._end()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """End editing when the focus goes elsewhere."""
        super().focusOutEvent(event)
        self._end()

    def _end(self) -> None:
        if not self.is_editing:
            return
        self.setReadOnly(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.deselect()
        self.finished.emit(self.text())

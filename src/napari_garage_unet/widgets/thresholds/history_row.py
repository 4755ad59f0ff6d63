"""Undo, redo and reset of rules."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QShortcut, QWidget

from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.session import Session


class HistoryRow(QWidget):
    """Three buttons, and the usual keys for undo and redo.

    Parameters
    ----------
    session
        Session whose tuner keeps the history of each model.
    dock
        The keys work while the focus is in this widget.

    Attributes
    ----------
    changed
        Emitted when the rules of the result have changed.
    """

    changed = Signal()

    def __init__(self, session: Session, dock: QWidget) -> None:
        super().__init__()
        self._session = session
        self._result: Result | None = None
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Take back the last change (Ctrl+Z).")
        self.undo_button.clicked.connect(self.undo)
        self.redo_button = QPushButton("Redo")
        self.redo_button.setToolTip(
            "Make the change that was taken back again (Ctrl+Shift+Z)."
        )
        self.redo_button.clicked.connect(self.redo)
        self.reset_button = QPushButton("Reset all")
        self.reset_button.setToolTip(
            "Automatic thresholds and no clean-up for every class."
        )
        self.reset_button.clicked.connect(self.reset)
        for keys, slot in (
            (QKeySequence.StandardKey.Undo, self.undo),
            (QKeySequence.StandardKey.Redo, self.redo),
        ):
            shortcut = QShortcut(QKeySequence(keys), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in (self.undo_button, self.redo_button, self.reset_button):
            layout.addWidget(button)

    def show_result(self, result: Result | None) -> None:
        """Act on another result."""
        self._result = result
        self.refresh()

    def refresh(self) -> None:
        """Enable undo and redo where there is something to undo or redo."""
        tuner, result = self._session.tuner, self._result
        self.undo_button.setEnabled(result is not None and tuner.can_undo(result))
        self.redo_button.setEnabled(result is not None and tuner.can_redo(result))

    def undo(self) -> None:
        """Undo the last change, if there is one."""
        if self._result is not None:
            self._session.tuner.undo(self._result)
            self.changed.emit()

    def redo(self) -> None:
        """Redo the change that was undone last, if there is one."""
        if self._result is not None:
            self._session.tuner.redo(self._result)
            self.changed.emit()

    def reset(self) -> None:
        """Give every class the default rule."""
        if self._result is not None:
            self._session.tuner.set_rules(self._result, {})
            self._session.tuner.note(self._result)
            self.changed.emit()

"""One sentence: what to do next, or what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QFont, QFontDatabase
from qtpy.QtWidgets import (
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.session import Session

from .fold import Fold
from .wrapping_label import WrappingLabel

MIN_TEXT_LINES = 2
"""Lines of text there is always room for, so that nothing below jumps."""

DETAILS_HEIGHT_PIXELS = 110


class HintLine(QWidget):
    """A sentence; with a problem, what helps, and its details in a fold.

    Parameters
    ----------
    session
        Session whose problem is shown; `refresh` shows the current one.
    text
        Returns the sentence while there is no problem; None shows the session's hint.
    """

    def __init__(
        self, session: Session, *, text: Callable[[], str] | None = None
    ) -> None:
        super().__init__()
        self._session = session
        self._make_hint = text
        self.text = WrappingLabel()
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        policy = self.text.sizePolicy()
        # As high as the text is at its width, and not a line more.
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.text.setSizePolicy(policy)
        self.text.setMinimumHeight(
            MIN_TEXT_LINES * self.text.fontMetrics().lineSpacing() + 4
        )
        self.restart = QPushButton("Restart")
        self.restart.setToolTip("Start the engine again and go on where it stopped.")
        self.restart.clicked.connect(self._on_restart)
        self.fold = Fold("Details", tooltip="What to send along with a bug report.")
        self._close = QToolButton()
        self._close.setText("Dismiss")
        self._close.setAutoRaise(True)
        self._close.setToolTip("Stop showing this message.")
        self._close.clicked.connect(session.clear_problem)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFont(
            QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        )
        self.details.setFixedHeight(DETAILS_HEIGHT_PIXELS)
        line = self.fold.line
        line.insertWidget(0, self.restart)
        line.setStretchFactor(self.fold.toggleButton(), 0)
        line.addStretch(1)
        line.addWidget(self._close)
        self.fold.column.addWidget(self.details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.text)
        layout.addWidget(self.fold)
        self.refresh()

    def refresh(self) -> None:
        """Show the problem of the session, or what to do next."""
        problem = self._session.problem
        text = self._sentence()
        if self.text.text() != text:
            self.text.setText(text)
        font = self.text.font()
        font.setWeight(QFont.Weight.Bold if problem else QFont.Weight.Normal)
        self.text.setFont(font)
        self.restart.setVisible(bool(problem and problem.can_restart))
        self._close.setVisible(bool(problem and not problem.can_restart))
        has_details = bool(problem and problem.details)
        self.fold.setVisible(problem is not None)
        self.fold.toggleButton().setVisible(has_details)
        if self.fold.isExpanded() and not has_details:
            self.fold.collapse()
        if problem and self.details.toPlainText() != problem.details:
            self.details.setPlainText(problem.details)

    def _sentence(self) -> str:
        if self._make_hint is None:
            return self._session.hint
        return self._session.problem_or(self._make_hint)

    def _on_restart(self) -> None:
        self._session.restart()

"""The one next thing to do, or what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QFont, QFontDatabase
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.session import Session

LINES = 2
"""Lines of text there is always room for, so that nothing jumps."""


class HintLine(QWidget):
    """A sentence; with an error also its details behind a fold and what helps.

    Parameters
    ----------
    session
        The session. The dock calls `refresh` when it changes.
    text
        Says the next thing while nothing is wrong; None says the session's hint.
    """

    def __init__(
        self, session: Session, *, text: Callable[[], str] | None = None
    ) -> None:
        super().__init__()
        self._session = session
        self._say = text or (lambda: session.hint)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        policy = self.text.sizePolicy()
        # As high as the text is at the width it gets, no line more.
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.text.setSizePolicy(policy)
        self.text.setMinimumHeight(LINES * self.text.fontMetrics().lineSpacing() + 4)
        self.restart = QPushButton("Restart")
        self.restart.setToolTip("Start the engine again and go on where it stopped.")
        self.restart.clicked.connect(self._on_restart)
        self.more = QToolButton()
        self.more.setText("Details")
        self.more.setCheckable(True)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setAutoRaise(True)
        self.more.setToolTip("What to send along with a bug report.")
        self.more.toggled.connect(self._on_more)
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
        self.details.setFixedHeight(110)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.addWidget(self.restart)
        buttons.addWidget(self.more)
        buttons.addStretch(1)
        buttons.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        layout.addWidget(self.details)
        self.refresh()

    def refresh(self) -> None:
        """Show what the session says now."""
        problem = self._session.problem
        text = problem.message if problem else self._say()
        if self.text.text() != text:
            self.text.setText(text)
        font = self.text.font()
        font.setWeight(QFont.Weight.Bold if problem else QFont.Weight.Normal)
        self.text.setFont(font)
        self.restart.setVisible(bool(problem and problem.can_restart))
        self._close.setVisible(bool(problem and not problem.can_restart))
        self.more.setVisible(bool(problem and problem.details))
        if not (problem and problem.details):
            self.more.setChecked(False)
        self.details.setVisible(self.more.isChecked())
        if problem and self.details.toPlainText() != problem.details:
            self.details.setPlainText(problem.details)

    def _on_more(self, shown: bool) -> None:
        self.more.setArrowType(
            Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        )
        self.details.setVisible(shown)

    def _on_restart(self) -> None:
        self._session.restart()

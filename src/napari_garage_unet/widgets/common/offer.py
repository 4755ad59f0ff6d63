"""An offer: a sentence, and buttons that answer it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from .wrapping_label import WrappingLabel


class Offer(QFrame):
    """A sentence above a row of buttons, in a frame.

    Attributes
    ----------
    text
        Label of the sentence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = WrappingLabel()
        self._buttons = QHBoxLayout()
        self._buttons.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.text)
        layout.addLayout(self._buttons)

    def add_buttons(self, answers: Sequence[QPushButton], no: QPushButton) -> None:
        """Add the buttons.

        Parameters
        ----------
        answers
            Buttons that do something; they share the width.
        no
            Button that declines the offer; as narrow as its text.
        """
        for answer in answers:
            self._buttons.addWidget(answer, 1)
        self._buttons.addWidget(no)

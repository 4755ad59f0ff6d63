"""A label whose long words do not make a dock wider."""

from __future__ import annotations

import re

from qtpy.QtWidgets import QLabel

MAX_UNBROKEN_CHARACTERS = 16
"""Characters of a word, such as the name of a file, that stay together."""

BREAK = "\u200b"
"""Takes no room; a line may end there."""


class WrappingLabel(QLabel):
    """Text that wraps between words, and within words that are long."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.setWordWrap(True)

    def setText(self, text: str | None) -> None:
        """Show a text."""
        self._text = text or ""
        super().setText(
            re.sub(
                rf"\S{{{MAX_UNBROKEN_CHARACTERS},}}",
                lambda word: _breakable(word.group()),
                self._text,
            )
        )

    def text(self) -> str:
        """Return the text as it was set."""
        return self._text


def _breakable(word: str) -> str:
    parts = re.findall(rf"[^_./\\-]{{1,{MAX_UNBROKEN_CHARACTERS}}}[_./\\-]*|.", word)
    return BREAK.join(parts)

"""Suggested thresholds: a button that asks for them, and the answer."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_garage_unet.engine.suggestions.thresholds import IOU_TOLERANCE
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.session import Session
from napari_garage_unet.session.tuning.suggest import RuleSuggestion, suggest_rules


class SuggestRow(QWidget):
    """A button, the text of its answer, and buttons to accept or dismiss it.

    Parameters
    ----------
    session
        Session whose background tasks compute the suggestion.

    Attributes
    ----------
    suggested
        Emitted with the `RuleSuggestion` to show, or None to show none.
    accepted
        Emitted with the `RuleSuggestion` that a person has accepted.
    """

    suggested = Signal(object)
    accepted = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._result: Result | None = None
        self._suggestion: RuleSuggestion | None = None
        self.button = QPushButton("Suggest")
        self.button.setToolTip(
            "Look for the thresholds that fit your strokes best, held-out ones where "
            "there are enough, and among those that fit as well for outlines along the "
            "edges of the image; for a min size well below the smallest object you "
            "painted on, and whether objects touch. Nothing changes before you accept."
        )
        self.button.clicked.connect(self._on_clicked)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.accept_button = QPushButton("Accept")
        self.accept_button.setToolTip("Use the suggested values.")
        self.accept_button.clicked.connect(self._on_accept)
        self.dismiss_button = QPushButton("Dismiss")
        self.dismiss_button.setToolTip("Keep everything as it is.")
        self.dismiss_button.clicked.connect(self.dismiss)
        answer = QHBoxLayout()
        answer.addWidget(self.accept_button)
        answer.addWidget(self.dismiss_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(self.text)
        layout.addLayout(answer)
        self._show("")

    def show_result(self, result: Result | None) -> None:
        """Suggest for another result."""
        self._result = result
        self.dismiss()

    def dismiss(self) -> None:
        """Remove the suggestion."""
        self._suggestion = None
        self._show("")
        self.suggested.emit(None)

    def _on_clicked(self) -> None:
        result = self._result
        if result is None:
            return
        self._session.clear_problem()
        self._show("Comparing with your strokes…")
        self.button.setEnabled(False)
        self._session.tasks.failed.connect(self._on_failed)
        model_file = self._session.models.file_of(result.model)
        self._session.tasks.run(
            "suggest",
            lambda: suggest_rules(result, model_file),
            done=lambda a: self._on_done(result, a),
        )

    def _on_failed(self) -> None:
        if not isalive(self):
            return
        self._session.tasks.failed.disconnect(self._on_failed, missing_ok=True)
        self._show("")

    def _on_done(self, result: Result, suggestion: RuleSuggestion) -> None:
        # The dock may have been closed meanwhile.
        if not isalive(self):
            return
        self._session.tasks.failed.disconnect(self._on_failed, missing_ok=True)
        if result is not self._result:
            self._show("")
            return
        found = suggestion.thresholds
        pixels = f"{int(found.pixels.sum()):,}".replace(
            ",", "\N{NARROW NO-BREAK SPACE}"
        )
        kind = "held-out stroke pixels" if suggestion.held_out else "stroke pixels"
        if found.gain > IOU_TOLERANCE:
            text = (
                f"+ {found.gain:.2f} IoU on {pixels} {kind} "
                f"({found.iou_before:.2f} to {found.iou_after:.2f}); dotted lines "
                "above."
            )
        elif found.changes_thresholds:
            text = (
                "Outlines that follow the edges of the image; dotted lines above. IoU "
                f"{found.iou_before:.2f} to {found.iou_after:.2f} on {pixels} {kind}."
            )
        else:
            text = (
                f"Your thresholds fit already: IoU {found.iou_before:.2f} "
                f"on {pixels} {kind}."
            )
        names = {info.id: info.name for info in result.classes}
        if suggestion.min_sizes:
            unit = "voxels" if "z" in result.image.stack_axes else "px"
            sizes = ", ".join(
                f"{names.get(i, i)} {size:.0f} {unit}"
                for i, size in suggestion.min_sizes.items()
            )
            text += f" Suggested min size: {sizes}."
        if suggestion.splits:
            touching = ", ".join(
                names.get(i, str(i)) for i in sorted(suggestion.splits)
            )
            text += f" Split touching objects of: {touching}."
        if not suggestion.changes_rules:
            self._show(text)
            return
        self._suggestion = suggestion
        self._show(text)
        self.suggested.emit(suggestion)

    def _on_accept(self) -> None:
        if self._suggestion is not None:
            suggestion = self._suggestion
            self.dismiss()
            self.accepted.emit(suggestion)

    def _show(self, text: str) -> None:
        self.button.setEnabled(True)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.accept_button.setVisible(self._suggestion is not None)
        self.dismiss_button.setVisible(self._suggestion is not None)

"""The list of results to tune."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox

from napari_garage_unet.session import Session
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.widgets.common.dock import shrinkable


class ResultBox(QComboBox):
    """A combo box with the results of a session, the newest first.

    Parameters
    ----------
    session
        Session whose results are listed; `refresh` lists the current ones.

    Attributes
    ----------
    chosen
        Emitted with the `Result` that is shown, or None, when a person has chosen one.
    """

    chosen = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        shrinkable(self)
        self.setToolTip(
            "The preview or segmentation to tune. What you choose is kept for the "
            "model that made it, and saved with it."
        )
        self.currentIndexChanged.connect(self._on_index)

    def choose(self, result: Result) -> None:
        """Choose a result of the session, as a person does."""
        self.setCurrentIndex(list(self._session.results).index(result))

    def refresh(self, keep: Result | None) -> Result | None:
        """List the results there are.

        Parameters
        ----------
        keep
            Result to show if it is still there; otherwise the first one is.

        Returns
        -------
        Result or None
            The one that is shown; None if there is no result.
        """
        results = list(self._session.results)
        shown = keep if keep in results else next(iter(results), None)
        self.blockSignals(True)
        self.clear()
        for place, result in enumerate(results):
            self.addItem(result.title)
            self.setItemData(place, result.name, Qt.ItemDataRole.ToolTipRole)
        if shown is not None:
            self.setCurrentIndex(results.index(shown))
        self.blockSignals(False)
        return shown

    def _on_index(self, place: int) -> None:
        results = list(self._session.results)
        self.chosen.emit(results[place] if 0 <= place < len(results) else None)

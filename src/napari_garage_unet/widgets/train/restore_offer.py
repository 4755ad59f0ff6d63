"""An offer to restore strokes that were saved for an image."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from napari_garage_unet.session import Session
from napari_garage_unet.widgets.common.offer import Offer


class RestoreOffer(Offer):
    """A sentence and two buttons; hidden while there is nothing to offer.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` shows its current offer.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.restore = QPushButton("Restore")
        self.restore.setToolTip(
            "Put the strokes, classes, settings and versions back. What is painted "
            "already stays: the strokes come into a layer of their own then."
        )
        self.restore.clicked.connect(self._on_restore)
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Delete what was saved. This cannot be undone.")
        self.forget.clicked.connect(self._on_forget)
        self.add_buttons([self.restore], self.forget)
        self.refresh()

    def refresh(self) -> None:
        """Show the current offer, if there is one."""
        offer = self._session.recovery.recoverable
        if offer is not None and self.text.text() != offer.text:
            self.text.setText(offer.text)
        self.setVisible(offer is not None)

    def _on_restore(self) -> None:
        self._session.restore_project()

    def _on_forget(self) -> None:
        self._session.discard_recoverable()

"""Where to paint next, and where the model is in doubt."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget

from napari_garage_unet.session import Session


class GuidanceRow(QWidget):
    """A button that leads on, and a box that shows the uncertainty.

    Parameters
    ----------
    session
        The session. The dock calls `refresh` when it changes.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.button = QPushButton("Where to paint next")
        self.button.setToolTip(
            "Go to where a stroke would teach most: where the model is in doubt, far "
            "from other strokes. Press again for another place."
        )
        self.button.clicked.connect(session.lead_on)
        self.box = QCheckBox("uncertainty")
        self.box.setToolTip(
            "Show where the model is in doubt, in a layer: bright where two classes "
            "are about equally probable."
        )
        self.box.toggled.connect(self._on_toggled)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button, 1)
        layout.addWidget(self.box)
        self.refresh()

    def refresh(self) -> None:
        """Show what is possible, and whether the layer is there."""
        session = self._session
        current = session.images.current
        ready = current is not None and session.results.preview_of(current) is not None
        self.button.setEnabled(ready)
        self.box.setEnabled(ready)
        self.box.blockSignals(True)
        self.box.setChecked(session.guidance.layer is not None)
        self.box.blockSignals(False)

    def _on_toggled(self, checked: bool) -> None:
        self._session.show_uncertainty(checked)
        self.refresh()

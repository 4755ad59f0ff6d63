"""Where to paint next, and where the model is uncertain."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QBoxLayout, QCheckBox, QPushButton, QWidget

from napari_garage_unet.session import Session


class GuidanceRow(QWidget):
    """A button that moves the view there, and a box that shows the uncertainty.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` shows what can be done now.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.button = QPushButton("Where to paint next")
        self.button.setToolTip(
            "Go to where a stroke would teach most: where the model is in doubt, far "
            "from other strokes. Press again for another place."
        )
        self.button.clicked.connect(session.go_to_next_stroke)
        self.box = QCheckBox("uncertainty")
        self.box.setToolTip(
            "Show where the model is in doubt, in a layer: bright where two classes "
            "are about equally probable."
        )
        self.box.toggled.connect(self._on_toggled)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.button, 1)
        self._row.addWidget(self.box)
        self.refresh()

    def minimumSizeHint(self) -> QSize:
        """Return the size in a narrow dock, where there are two lines."""
        width = max(w.minimumSizeHint().width() for w in (self.button, self.box))
        return QSize(width, self._row.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Put the box below the button where there is no room beside it."""
        super().resizeEvent(event)
        both = self.button.minimumSizeHint().width() + self.box.sizeHint().width()
        fits = both + self._row.spacing() <= self.width()
        self._row.setDirection(
            QBoxLayout.Direction.LeftToRight
            if fits
            else QBoxLayout.Direction.TopToBottom
        )

    def refresh(self) -> None:
        """Enable both where there is a preview; tick the box where there is a layer."""
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

"""The list of models, and buttons to load and save one."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.session import Session
from napari_garage_unet.session.models.models import SUFFIX
from napari_garage_unet.widgets.common.dock import shrinkable

FILE_FILTER = f"Models (*{SUFFIX});;All files (*)"


class ModelPanel(QWidget):
    """The models of a session, of which one is chosen.

    Parameters
    ----------
    session
        Session whose models are listed; `refresh` lists the current ones.

    Attributes
    ----------
    changed
        Emitted when another model is chosen, or the list has changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.box = shrinkable(QComboBox())
        self.box.setToolTip("The model that segments.")
        self.box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.load_button = QPushButton("Load\u2026")
        self.load_button.setToolTip("Read a model file, such as a colleague's.")
        self.load_button.clicked.connect(self._on_load)
        self.save_button = QPushButton("Save\u2026")
        self.save_button.setToolTip(
            "Write this model with its thresholds to one file, to use it again, to "
            "share it, or to run it from the command line."
        )
        self.save_button.clicked.connect(self._on_save)
        label = QLabel("Model")
        label.setToolTip(self.box.toolTip())
        label.setBuddy(self.box)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.box, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.load_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addLayout(buttons)
        self.refresh()

    @property
    def key(self) -> str:
        """Key of the chosen model in the session; empty if there is none."""
        return str(self.box.currentData() or "")

    def refresh(self, *, choose: str | None = None) -> None:
        """List the models of the session.

        Parameters
        ----------
        choose
            Key of the model to choose; None keeps the chosen one.
        """
        key = choose or self.key
        self.box.blockSignals(True)
        self.box.clear()
        for place, entry in enumerate(self._session.models):
            self.box.addItem(entry.title, entry.key)
            names = ", ".join(info.name for info in entry.classes)
            self.box.setItemData(place, names, Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(max(self.box.findData(key), 0))
        self.box.blockSignals(False)
        self.save_button.setEnabled(bool(self.key))
        self.changed.emit()

    def load(self, path: str | Path) -> None:
        """Read a model file and choose its model; an error becomes a problem."""
        entry = self._session.load_model(path)
        if entry is not None:
            self.refresh(choose=entry.key)

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a model", "", FILE_FILTER)
        if path:
            self.load(path)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the model", f"model{SUFFIX}", FILE_FILTER
        )
        if path:
            self._session.save_model(self.key, path)

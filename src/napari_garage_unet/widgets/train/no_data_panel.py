"""Which pixels of the image have no data: a value, and a mask."""

from __future__ import annotations

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.matching import is_result
from napari_garage_unet.layers.no_data import can_mask, nodata_of
from napari_garage_unet.session import Session
from napari_garage_unet.widgets.common.layer_picker import LayerPicker


class NoDataPanel(QWidget):
    """A field for the value that stands for no data, and a list of layers for a mask.

    Parameters
    ----------
    session
        Session of the viewer; `refresh` shows what its current image has.

    Attributes
    ----------
    changed
        Signal: a person has said something else.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.value = QLineEdit()
        self.value.setPlaceholderText("none")
        self.value.setToolTip(
            "This value stands for no data, besides NaN. Such pixels become class 0."
        )
        self.value.editingFinished.connect(self._on_value)
        self.mask_picker = LayerPicker(
            Layer,
            tooltip="A layer of the image's shape that is 0 where there is no data.",
            viewer=session.viewer,
            accept=self._can_mask,
            on_choice=self._on_mask,
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(QLabel("Value"), 0, 0)
        grid.addWidget(self.value, 0, 1)
        grid.addWidget(QLabel("Mask"), 1, 0)
        grid.addWidget(self.mask_picker.native, 1, 1)
        grid.setColumnStretch(1, 1)

    def refresh(self) -> None:
        """Show what the current image has."""
        current = self._session.images.current
        self.setEnabled(current is not None)
        value = None if current is None else nodata_of(current.layer)
        if not self.value.hasFocus():
            self.value.setText("" if value is None else f"{value:.9g}")
        self.mask_picker.show(None if current is None else current.mask)

    def _can_mask(self, layer: Layer) -> bool:
        current = self._session.images.current
        if current is None or is_result(layer):
            return False
        try:
            return can_mask(layer, current.layer)
        except InputError:
            return False  # it is not known what the axes of the image are

    def _on_value(self) -> None:
        current = self._session.images.current
        if current is None:
            return
        text = self.value.text().strip()
        try:
            value = float(text) if text else None
        except ValueError:
            self._session.report(InputError(f"{text!r} is no number; give one."))
            self.value.clear()
            return
        if value != nodata_of(current.layer):
            current.say_nodata(value)
            self.changed.emit()

    def _on_mask(self, layer: Layer | None) -> None:
        current = self._session.images.current
        if current is None:
            return
        if layer is not None and layer is current.strokes:
            # A layer cannot be both, and this is what was said last.
            self._session.images.choose_strokes(None)
        current.choose_mask(layer)
        self.changed.emit()

"""The threshold of a class: colour, name, slider on a histogram, number."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QSizePolicy,
    QToolButton,
    QWidget,
)
from superqt import QElidingLabel

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.labels.assign import default_threshold
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.colors import class_color
from napari_garage_unet.widgets.common.swatch import Swatch

from .threshold_slider import ThresholdSlider

VALUE_WIDTH_PIXELS = 72


class ThresholdRow(QWidget):
    """One class of a result.

    Parameters
    ----------
    info
        The class.

    Attributes
    ----------
    class_id
        Id of the class.
    slider, value
        The threshold as a slider and as a number.
    threshold_moved
        Emitted with the class id and the threshold while a person chooses.
    threshold_chosen
        Emitted with the class id when a person has let go.
    threshold_cleared
        Emitted with the class id when the threshold is to be automatic again.
    picked
        Emitted with the class id when the row was clicked or its slider got the focus.
    """

    threshold_moved = Signal(int, float)
    threshold_chosen = Signal(int)
    threshold_cleared = Signal(int)
    picked = Signal(int)

    def __init__(self, info: ClassInfo) -> None:
        super().__init__()
        self.class_id = info.id
        self._selected = False
        self._swatch = Swatch()
        self._name = QElidingLabel()
        self._name.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self.slider = ThresholdSlider()
        self.slider.setToolTip(
            "How sure the model has to be before a pixel becomes this class.\n"
            "Drag to the left to find more of it, to the right to find less.\n"
            "Behind it: how many pixels have which probability (log scale).\n"
            "Dashed: automatic, the most likely class wins."
        )
        self.value = QDoubleSpinBox()
        self.value.setRange(0, 1)
        self.value.setDecimals(2)
        self.value.setSingleStep(0.01)
        self.value.setKeyboardTracking(False)
        self.value.setFixedWidth(VALUE_WIDTH_PIXELS)
        self.value.setToolTip("The threshold, from 0 (everything) to 1 (nothing).")
        self.auto_button = QToolButton()
        self.auto_button.setText("auto")
        self.auto_button.setAutoRaise(True)
        self.auto_button.setToolTip("Back to automatic: the most likely class wins.")
        layout = QGridLayout(self)
        layout.setContentsMargins(4, 1, 4, 1)
        layout.setHorizontalSpacing(4)
        layout.setVerticalSpacing(0)
        layout.addWidget(self._swatch, 0, 0)
        layout.addWidget(self._name, 0, 1)
        layout.addWidget(self.auto_button, 0, 2)
        layout.addWidget(self.value, 0, 3)
        layout.addWidget(self.slider, 1, 0, 1, 4)
        layout.setColumnStretch(1, 1)
        self.slider.focused.connect(lambda: self.picked.emit(info.id))
        self.slider.moved.connect(self._on_moved)
        self.slider.released.connect(self._on_released)
        self.value.valueChanged.connect(self._on_typed)
        self.auto_button.clicked.connect(self._on_auto)
        self.show_class(info)

    def show_class(self, info: ClassInfo) -> None:
        """Show the name and colour of a class."""
        see_through = " (background, see-through)" if info.background else ""
        self._name.setText(info.name)
        self._name.setToolTip(info.name + see_through)
        self._swatch.set_color(class_color(info))
        self.slider.show_color(class_color(info))
        self.slider.setAccessibleName(f"threshold of {info.name}")

    def show_rule(self, rule: ClassRule, n_classes: int) -> None:
        """Show the threshold of a rule; the default where it has none."""
        automatic = rule.threshold is None
        value = default_threshold(n_classes) if automatic else rule.threshold
        assert value is not None
        self.slider.show_threshold(value, automatic=automatic)
        self.value.blockSignals(True)
        self.value.setValue(value)
        self.value.blockSignals(False)
        self.auto_button.setEnabled(not automatic)

    def show_selected(self, selected: bool) -> None:
        """Show whether the clean-up below the rows is that of this class."""
        if selected != self._selected:
            self._selected = selected
            font = self._name.font()
            font.setBold(selected)
            self._name.setFont(font)
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw a background where the row is selected."""
        super().paintEvent(event)
        if self._selected:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            color = self.palette().color(QPalette.ColorRole.WindowText)
            color.setAlpha(26)
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(self.rect(), 4, 4)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Select the row."""
        self.picked.emit(self.class_id)

    def _on_moved(self, value: float) -> None:
        self.value.blockSignals(True)
        self.value.setValue(value)
        self.value.blockSignals(False)
        self.auto_button.setEnabled(True)
        self.picked.emit(self.class_id)
        self.threshold_moved.emit(self.class_id, value)

    def _on_released(self) -> None:
        self.threshold_chosen.emit(self.class_id)

    def _on_typed(self, value: float) -> None:
        self.slider.show_threshold(value, automatic=False)
        self.auto_button.setEnabled(True)
        self.picked.emit(self.class_id)
        self.threshold_moved.emit(self.class_id, value)
        self.threshold_chosen.emit(self.class_id)

    def _on_auto(self) -> None:
        self.threshold_cleared.emit(self.class_id)

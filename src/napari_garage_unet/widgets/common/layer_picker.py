"""Combo boxes of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import create_widget
from napari.layers import Layer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

MARGIN = 6
"""Pixels of the field that the style leaves free beside the text."""


class LayerPicker:
    """A magicgui combo box of the layers of one kind.

    Parameters
    ----------
    kind
        `napari.layers.Image` or `napari.layers.Labels`.
    tooltip
        What it is for.
    viewer
        The viewer whose layers are offered.
    accept
        Which layers are offered; None offers all.
    on_choice
        Called with the layer, or None, when a person chooses.
    """

    def __init__(
        self,
        kind: type[Layer],
        *,
        tooltip: str,
        viewer: Any,
        accept: Callable[[Layer], bool] | None = None,
        on_choice: Callable[[Layer | None], None],
    ) -> None:
        self._viewer = viewer
        self._kind = kind
        self._accept = accept or (lambda layer: True)
        self._on_choice = on_choice
        self._quiet = False
        self._tooltip = tooltip
        self._combo = create_widget(
            annotation=f"napari.layers.{kind.__name__}",
            options={
                "choices": lambda _: self._choices(),
                "nullable": True,
                "tooltip": tooltip,
            },
        )
        self._combo.changed.connect(self._on_changed)
        self.native.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self.native.setMinimumWidth(90)
        self._shortening = Shortening(self.native)

    @property
    def native(self) -> QWidget:
        """The Qt widget to put into a layout."""
        widget: QWidget = self._combo.native
        return widget

    @property
    def layer(self) -> Layer | None:
        """The layer that is chosen."""
        return self._combo.value

    def show(self, layer: Layer | None) -> None:
        """Show a choice that was made elsewhere."""
        self._quiet = True
        try:
            self._combo.reset_choices()
            if layer is None or layer in self._combo.choices:
                self._combo.value = layer
        finally:
            self._quiet = False
        # Long names do not fit into the box.
        said = "" if layer is None else f"{layer.name}\n"
        self.native.setToolTip(said + self._tooltip)

    def _choices(self) -> list[Layer]:
        return [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, self._kind) and self._accept(layer)
        ]

    def _on_changed(self, layer: Layer | None) -> None:
        if not self._quiet:
            self._on_choice(layer)


class Shortening(QObject):
    """Draws the text of a combo box with dots in the middle where it is too long.

    Names of images often differ only at their ends, and Qt would cut them off there.

    Parameters
    ----------
    combo
        The combo box; what magicgui has made cannot be of a class of our own.
    """

    def __init__(self, combo: QComboBox) -> None:
        super().__init__(combo)
        self._combo = combo
        combo.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Paint in place of the combo box."""
        if event is None or event.type() != QEvent.Type.Paint:
            return False
        option = QStyleOptionComboBox()
        self._combo.initStyleOption(option)
        field = self._combo.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self._combo,
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, field.width() - MARGIN
        )
        painter = QStylePainter(self._combo)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()
        return True

"""Combo boxes to choose a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from magicgui.widgets import create_widget
from napari.layers import Layer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
)

TEXT_MARGIN_PIXELS = 6
"""Width that the style leaves free beside the text."""

MIN_PICKER_WIDTH_PIXELS = 90


class LayerPicker:
    """A magicgui combo box of the layers of one type.

    Parameters
    ----------
    kind
        `napari.layers.Image` or `napari.layers.Labels`.
    tooltip
        What the layer is for; shown below its name.
    viewer
        Viewer whose layers are offered.
    accept
        Returns whether a layer is offered; None offers all.
    on_choice
        Called with the layer, or None, when a person chooses one.
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
        combo = create_widget(
            annotation=f"napari.layers.{kind.__name__}",
            options={
                "choices": lambda _: self._choices(),
                "nullable": True,
                "tooltip": tooltip,
            },
        )
        # What is made depends on the annotation, which magicgui's types do not follow.
        self._combo = cast(Any, combo)
        self._combo.changed.connect(self._on_changed)
        self.native.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self.native.setMinimumWidth(MIN_PICKER_WIDTH_PIXELS)
        self._elision = MiddleElision(self.native)

    @property
    def native(self) -> QComboBox:
        """The Qt widget, to be put into a layout."""
        widget: QComboBox = self._combo.native
        return widget

    @property
    def layer(self) -> Layer | None:
        """The chosen layer."""
        return self._combo.value

    def show(self, layer: Layer | None) -> None:
        """Show a choice without calling `on_choice`."""
        self._quiet = True
        try:
            self._combo.reset_choices()
            if layer is None or layer in self._combo.choices:
                self._combo.value = layer
        finally:
            self._quiet = False
        # The box may be too narrow for the name.
        name = "" if layer is None else f"{layer.name}\n"
        self.native.setToolTip(name + self._tooltip)

    def _choices(self) -> list[Layer]:
        return [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, self._kind) and self._accept(layer)
        ]

    def _on_changed(self, layer: Layer | None) -> None:
        if not self._quiet:
            self._on_choice(layer)


class MiddleElision(QObject):
    """An event filter that elides the text of a combo box in the middle.

    Names of images often differ only at their ends, where Qt would cut them off. A
    filter, because magicgui makes the combo box and chooses its class.

    Parameters
    ----------
    combo
        The combo box, which becomes the parent.
    """

    def __init__(self, combo: QComboBox) -> None:
        super().__init__(combo)
        self._combo = combo
        combo.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Paint the combo box in its place."""
        if event is None or event.type() != QEvent.Type.Paint:
            return False
        option = QStyleOptionComboBox()
        self._combo.initStyleOption(option)
        style = self._combo.style()
        assert style is not None
        field = style.subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self._combo,
        )
        option.currentText = option.fontMetrics.elidedText(
            option.currentText,
            Qt.TextElideMode.ElideMiddle,
            field.width() - TEXT_MARGIN_PIXELS,
        )
        painter = QStylePainter(self._combo)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()
        return True

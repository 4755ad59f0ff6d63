"""Forms for frozen dataclasses whose fields say how they are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLayout,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from napari_garage_unet.engine.errors import InputError

from .size_field import SizeField

MAX_VALUE = 1_000_000
"""Upper end of number fields whose setting has none."""

COMBO_FRAME_PIXELS = 46
"""Width of a closed combo box without its text: arrow, frame and padding."""

FIELD_WIDTH_PIXELS = 80
LONG_FIELD_WIDTH_PIXELS = 130
"""Least widths of number fields; the long one is for more than three decimals."""


class SettingsForm(QWidget):
    """One row per field of a frozen dataclass.

    Parameters
    ----------
    defaults
        Instance whose values are shown first. The metadata of its fields hold
        ``title`` and ``help`` and, for numbers, ``min`` and ``max``.
    names
        Fields to show, in the order of the dataclass; None shows all.
    fields
        Widgets to use for some fields instead of those of `make_field`.
    wraps
        Whether a field is put below its title where there is no room beside it.

    Attributes
    ----------
    changed
        Emitted when a person has changed a value; `value` is the new instance.
    """

    changed = Signal()

    def __init__(
        self,
        defaults: Any,
        names: tuple[str, ...] | None = None,
        *,
        fields: Mapping[str, QWidget] | None = None,
        wraps: bool = False,
    ) -> None:
        super().__init__()
        self._cls = type(defaults)
        self._value = defaults
        self._fields: dict[str, QWidget] = {}
        self._rows = layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(
            QFormLayout.RowWrapPolicy.WrapLongRows
            if wraps
            else QFormLayout.RowWrapPolicy.DontWrapRows
        )
        hints = get_type_hints(self._cls)
        for f in dataclasses.fields(self._cls):
            if names is not None and f.name not in names:
                continue
            field = (fields or {}).get(f.name) or make_field(hints[f.name], f.metadata)
            field.setToolTip(f.metadata["help"])
            if wraps and isinstance(field, QComboBox):
                field.setMinimumWidth(_whole_width(field))
            label = QLabel(f.metadata["title"])
            label.setToolTip(f.metadata["help"])
            label.setBuddy(field)
            self._fields[f.name] = field
            layout.addRow(label, field)
        self.show_value(defaults)
        for field in self._fields.values():
            change_signal(field).connect(self._on_change)

    @property
    def value(self) -> Any:
        """Instance of the dataclass with the values that are shown."""
        return self._value

    def field(self, name: str) -> QWidget:
        """Return the widget of a field."""
        return self._fields[name]

    def add_row(self, row: QLayout) -> None:
        """Add a row of other widgets below the fields."""
        self._rows.addRow(row)

    def apply_to(self, value: Any) -> Any:
        """Return a copy of `value` with the values of the fields that are shown."""
        values = {name: read_field(field) for name, field in self._fields.items()}
        return dataclasses.replace(value, **values)

    def show_value(self, value: Any) -> None:
        """Show the values of an instance of the dataclass."""
        self._value = value
        for name, field in self._fields.items():
            field.blockSignals(True)
            write_field(field, getattr(value, name))
            field.blockSignals(False)

    def _on_change(self) -> None:
        values = {name: read_field(field) for name, field in self._fields.items()}
        try:
            self._value = dataclasses.replace(self._value, **values)
        except InputError:
            # Each field is within its own limits; here two exclude each other.
            self.show_value(self._value)
            return
        self.changed.emit()


def make_field(hint: Any, metadata: Any) -> QWidget:
    """Make the widget for a field of a dataclass.

    Parameters
    ----------
    hint
        Its type: bool, int, float, a `Literal`, or int or float or None.
    metadata
        Its metadata; ``min`` and ``max`` bound a number.

    Returns
    -------
    QWidget
        Check box, combo box or spin box, for `read_field` and `write_field`.
    """
    options = get_args(hint) if get_origin(hint) is not Literal else ()
    optional = type(None) in options
    kinds = [o for o in options if o is not type(None)] or [hint]
    kind = kinds[0]
    if get_origin(hint) is Literal:
        box = QComboBox()
        for choice in get_args(hint):
            box.addItem(str(choice).replace("_", " "), choice)
        box.setMinimumContentsLength(6)
        return box
    if kind is bool:
        return QCheckBox()
    low, high = metadata.get("min", 0), metadata.get("max", MAX_VALUE)
    spin: QSpinBox | QDoubleSpinBox
    width = FIELD_WIDTH_PIXELS
    if kind is int:
        spin = QSpinBox()
        spin.setRange(int(low) - optional, int(high))
    else:
        spin = QDoubleSpinBox()
        spin.setDecimals(_decimals(float(low), float(high)))
        spin.setRange(float(low), float(high))
        spin.setSingleStep(0.1 if high <= 20 else 1)
        spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        if spin.decimals() > 3:
            width = LONG_FIELD_WIDTH_PIXELS
    spin.setKeyboardTracking(False)
    spin.setMinimumWidth(width)
    spin.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    if optional:
        # The value below the smallest stands for None.
        spin.setSpecialValueText("no limit")
        spin.setProperty("optional", True)
    return spin


def read_field(field: QWidget) -> Any:
    """Return the value a widget of `make_field`, or a `SizeField`, shows."""
    if isinstance(field, SizeField):
        return field.exact
    if isinstance(field, QComboBox):
        return field.currentData()
    if isinstance(field, QCheckBox):
        return field.isChecked()
    assert isinstance(field, (QSpinBox, QDoubleSpinBox))
    if field.property("optional") and field.value() == field.minimum():
        return None
    return field.value()


def write_field(field: QWidget, value: Any) -> None:
    """Show a value in a widget of `make_field`, or in a `SizeField`."""
    if isinstance(field, SizeField):
        field.show_exact(value)
    elif isinstance(field, QComboBox):
        field.setCurrentIndex(field.findData(value))
    elif isinstance(field, QCheckBox):
        field.setChecked(value)
    elif isinstance(field, QSpinBox):
        field.setValue(field.minimum() if value is None else value)
    else:
        assert isinstance(field, QDoubleSpinBox)
        field.setValue(field.minimum() if value is None else value)


def change_signal(field: QWidget) -> Any:
    """Return the signal a widget of `make_field` emits when its value changes."""
    if isinstance(field, QComboBox):
        return field.currentIndexChanged
    if isinstance(field, QCheckBox):
        return field.toggled
    assert isinstance(field, (QSpinBox, QDoubleSpinBox))
    return field.valueChanged


def _decimals(low: float, high: float) -> int:
    if 0 < low < 1e-3:
        return 6
    return 3 if high <= 1 else 2


def _whole_width(box: QComboBox) -> int:
    """Return the width in pixels at which every entry can be read."""
    texts = [box.itemText(i) for i in range(box.count())]
    return max(map(box.fontMetrics().horizontalAdvance, texts)) + COMBO_FRAME_PIXELS

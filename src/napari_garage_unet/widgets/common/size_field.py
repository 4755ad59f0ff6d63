"""A number field for sizes, in pixels or in the units of a layer."""

from __future__ import annotations

import math

from qtpy.QtWidgets import QDoubleSpinBox, QSizePolicy

MAX_SHOWN = 1e9
"""Largest number that can be typed, in the unit that is shown."""


class SizeField(QDoubleSpinBox):
    """A spin box that keeps the exact value, whatever unit it is shown in.

    Parameters
    ----------
    empty
        Text that is shown for None; empty where None is no value.
    """

    def __init__(self, *, empty: str = "") -> None:
        super().__init__()
        self._exact: float | None = None if empty else 0.0
        self._factor = 1.0
        self._is_optional = bool(empty)
        self.setSpecialValueText(empty)
        self.setRange(0, MAX_SHOWN)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_unit(1.0, "px")
        self.valueChanged.connect(self._on_value)

    @property
    def exact(self) -> float | None:
        """The value in the unit of the rule, not rounded to what is shown."""
        return self._exact

    def show_exact(self, value: float | None) -> None:
        """Show a value given in the unit of the rule."""
        blocked = self.blockSignals(True)
        self._exact = value
        self.setValue(0.0 if value is None else value * self._factor)
        self.blockSignals(blocked)

    def show_unit(self, factor: float, symbol: str) -> None:
        """Show the same value in another unit.

        Parameters
        ----------
        factor
            Length, area or volume, in that unit, of one unit of the rule.
        symbol
            Suffix of the number, such as ``"px"``.
        """
        self._factor = factor
        digits = 0 if factor == 1 else math.ceil(-math.log10(factor))
        blocked = self.blockSignals(True)
        self.setDecimals(min(max(digits, 0), 9))
        self.setSuffix(f" {symbol}")
        self.blockSignals(blocked)
        self.show_exact(self._exact)

    def _on_value(self, shown: float) -> None:
        is_empty = self._is_optional and shown == self.minimum()
        self._exact = None if is_empty else shown / self._factor

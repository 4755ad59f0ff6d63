"""A number that can be shown in pixels or in the units of the layer."""

from __future__ import annotations

import math

from qtpy.QtWidgets import QDoubleSpinBox, QSizePolicy

LARGEST = 1e9


class SizeField(QDoubleSpinBox):
    """Keeps the exact value, whatever unit it is shown in and rounded to.

    Parameters
    ----------
    empty
        What is shown for None; empty where there is always a number.
    """

    def __init__(self, *, empty: str = "") -> None:
        super().__init__()
        self._exact: float | None = None if empty else 0.0
        self._factor = 1.0
        self._is_optional = bool(empty)
        self.setSpecialValueText(empty)
        self.setRange(0, LARGEST)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_unit(1.0, "px")
        self.valueChanged.connect(self._on_value)

    @property
    def exact(self) -> float | None:
        """The value that was given or typed, in the unit of the rule."""
        return self._exact

    def show_exact(self, value: float | None) -> None:
        """Show a value that is given in the unit of the rule."""
        blocked = self.blockSignals(True)
        self._exact = value
        self.setValue(0.0 if value is None else value * self._factor)
        self.blockSignals(blocked)

    def show_unit(self, factor: float, symbol: str) -> None:
        """Show the same value in another unit.

        Parameters
        ----------
        factor
            How many of the unit one of the rule's unit is.
        symbol
            What stands behind the number.
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

"""Clean-up of one class, or of all: what is too small goes, holes are filled."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from napari_garage_unet.engine.rules import ClassRule

from .form import SettingsForm

SIZES = ("min_size", "fill_holes")
"""Fields of a rule that are areas in pixels."""


class CleanUp(QWidget):
    """The fields of a rule that act after the threshold.

    Attributes
    ----------
    changed
        A person has chosen other values; `apply_to` puts them into a rule.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = QLabel()
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self.form = SettingsForm(ClassRule(), SIZES)
        for name in SIZES:
            field = self.form.field(name)
            assert isinstance(field, QDoubleSpinBox)
            field.setDecimals(0)
            field.setSuffix(" px")
            field.setMaximum(1e7)
        self.all_classes = QCheckBox("the same for all classes")
        self.all_classes.setToolTip("Use these values for every class of the result.")
        self.form.changed.connect(self.changed)
        self.all_classes.toggled.connect(self._on_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self.form)
        layout.addWidget(self.all_classes)

    def show_rule(self, name: str, rule: ClassRule) -> None:
        """Show the clean-up of a class."""
        self._title.setText(f"Clean up {name}")
        self.form.show_value(rule)

    def apply_to(self, rule: ClassRule) -> ClassRule:
        """A rule with the clean-up that is shown and everything else as it was."""
        return self.form.apply_to(rule)

    def _on_all(self, checked: bool) -> None:
        if checked:
            self.changed.emit()

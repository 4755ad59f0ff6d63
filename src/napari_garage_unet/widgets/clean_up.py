"""Clean-up of one class, or of all: sizes, holes, outlines and splitting."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_garage_unet.engine.rules import ClassRule

from .form import SettingsForm

SIZES = ("min_size", "max_size", "fill_holes")
"""Fields of a rule that are areas in pixels."""

SHOWN = ("smooth", "fill_holes", "min_size", "split")
FOLDED = ("low", "max_size", "clear_border", "keep_largest", "split_distance")

EMPTY = {"low": "off", "max_size": "no limit", "split_distance": "automatic"}
"""What optional fields say when they are empty."""


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
        self.form = SettingsForm(ClassRule(), SHOWN)
        self.more = SettingsForm(ClassRule(), FOLDED)
        for form, names in ((self.form, SHOWN), (self.more, FOLDED)):
            for name in names:
                field = form.field(name)
                if name in SIZES:
                    assert isinstance(field, QDoubleSpinBox)
                    field.setDecimals(0)
                    field.setSuffix(" px")
                    field.setMaximum(1e7)
                if name in EMPTY:
                    assert isinstance(field, QDoubleSpinBox)
                    field.setSpecialValueText(EMPTY[name])
        self.fold = QToolButton()
        self.fold.setText("More")
        self.fold.setToolTip(
            "Two-level thresholds, largest size, objects at the border, how far apart "
            "split objects are."
        )
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setAutoRaise(True)
        self.fold.setCheckable(True)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.toggled.connect(self._on_fold)
        self.more.setVisible(False)
        self.all_classes = QCheckBox("the same for all classes")
        self.all_classes.setToolTip("Use these values for every class of the result.")
        self.form.changed.connect(self.changed)
        self.more.changed.connect(self.changed)
        self.all_classes.toggled.connect(self._on_all)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self.form)
        layout.addWidget(self.fold)
        layout.addWidget(self.more)
        layout.addWidget(self.all_classes)

    def show_rule(self, name: str, rule: ClassRule) -> None:
        """Show the clean-up of a class."""
        self._title.setText(f"Clean up {name}")
        self.form.show_value(rule)
        self.more.show_value(rule)

    def apply_to(self, rule: ClassRule) -> ClassRule:
        """A rule with the clean-up that is shown and everything else as it was."""
        return self.more.apply_to(self.form.apply_to(rule))

    def _on_fold(self, is_open: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.fold.setArrowType(arrow)
        self.more.setVisible(is_open)

    def _on_all(self, checked: bool) -> None:
        if checked:
            self.changed.emit()

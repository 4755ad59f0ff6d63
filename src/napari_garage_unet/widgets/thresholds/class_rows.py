"""The rows of a result's classes, one of which is selected."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_garage_unet.engine.labels.assign import default_threshold
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.tuning.suggest import RuleSuggestion

from .threshold_row import ThresholdRow


class ClassRows(QWidget):
    """A `ThresholdRow` per class of a result, in the order of its classes.

    Attributes
    ----------
    selected
        Emitted when another row was selected; `selected_id` is its class.
    pressed
        Emitted with the class id when a slider is about to be moved.
    moved
        Emitted with the class id and the threshold while a person chooses it.
    chosen
        Emitted with the class id when a person has let go.
    cleared
        Emitted with the class id when the threshold is to be automatic again.
    """

    selected = Signal()
    pressed = Signal(int)
    moved = Signal(int, float)
    chosen = Signal(int)
    cleared = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, ThresholdRow] = {}
        self._selected_id: int | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)

    @property
    def rows(self) -> tuple[ThresholdRow, ...]:
        """The rows, from top to bottom."""
        return tuple(self._rows.values())

    @property
    def selected_id(self) -> int | None:
        """Class id of the selected row; None where there is no row."""
        return self._selected_id

    def row(self, class_id: int) -> ThresholdRow:
        """Return the row of a class."""
        return self._rows[class_id]

    def show_classes(self, result: Result | None) -> None:
        """Show the classes of a result and their rules; no row without a result."""
        classes = result.classes if result else ()
        if [info.id for info in classes] != list(self._rows):
            for row in self._rows.values():
                self._layout.removeWidget(row)
                row.hide()
                row.deleteLater()
            self._rows = {}
            for info in classes:
                row = ThresholdRow(info)
                self._connect(row)
                self._rows[info.id] = row
                self._layout.addWidget(row)
        for info in classes:
            self._rows[info.id].show_class(info)
        if self._selected_id not in self._rows:
            self._selected_id = next(iter(self._rows), None)
        self._show_selected()
        if result is not None:
            self.show_rules(result)

    def show_rules(self, result: Result) -> None:
        """Show the thresholds of a result with these classes."""
        for class_id in self._rows:
            self.show_rule(class_id, result.rule(class_id))

    def show_rule(self, class_id: int, rule: ClassRule) -> None:
        """Show the threshold of one class."""
        self._rows[class_id].show_rule(rule, len(self._rows))

    def show_histograms(self, result: Result, index: tuple[int, ...]) -> None:
        """Show the histograms of a plane of a result with these classes.

        Parameters
        ----------
        result
            The result.
        index
            Position of the plane along the axes in front of ``yx``.
        """
        for class_id, row in self._rows.items():
            row.slider.show_histogram(result.histogram(class_id, index))

    def show_suggestion(self, suggestion: RuleSuggestion | None) -> None:
        """Draw a suggestion over the histograms; None removes it."""
        curves = (
            {}
            if suggestion is None
            else dict(
                zip(suggestion.class_ids, suggestion.thresholds.curves, strict=True)
            )
        )
        for class_id, row in self._rows.items():
            if suggestion is None or class_id not in curves:
                row.slider.show_suggestion(None)
                continue
            threshold = suggestion.rules[class_id].threshold
            if threshold is None:
                threshold = default_threshold(len(self._rows))
            row.slider.show_suggestion(curves[class_id], threshold)

    def _connect(self, row: ThresholdRow) -> None:
        class_id = row.class_id
        row.picked.connect(self._on_picked)
        row.slider.pressed.connect(lambda: self.pressed.emit(class_id))
        row.threshold_moved.connect(self.moved)
        row.threshold_chosen.connect(self.chosen)
        row.threshold_cleared.connect(self.cleared)

    def _on_picked(self, class_id: int) -> None:
        self._selected_id = class_id
        self._show_selected()
        self.selected.emit()

    def _show_selected(self) -> None:
        for class_id, row in self._rows.items():
            row.show_selected(class_id == self._selected_id)

"""The dock in which a result is tuned until the picture is right."""

from __future__ import annotations

import dataclasses
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
)
from superqt.utils import qthrottled

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import default_threshold
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.tuning.suggest import Advice
from napari_garage_unet.widgets.common.dock import Dock, shrinkable
from napari_garage_unet.widgets.common.hint_line import HintLine

from .clean_up import CleanUp
from .history_row import HistoryRow
from .preset_row import PresetRow
from .suggest_row import SuggestRow
from .threshold_row import ThresholdRow

FRAME = 30
"""Milliseconds between two looks while a slider moves."""

HISTOGRAM = 250
"""Milliseconds between two histograms while learning."""


class ThresholdsWidget(Dock):
    """A slider per class; the plane on view follows at once.

    Parameters
    ----------
    napari_viewer
        The viewer, or a proxy of it.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.setObjectName("garage-thresholds")
        self._rows: dict[int, ThresholdRow] = {}
        self._result: Result | None = None
        self._selected: int | None = None
        self.result_box = shrinkable(QComboBox())
        self.result_box.setToolTip(
            "The preview or segmentation to tune. What you choose is kept for the "
            "model that made it, and saved with it."
        )
        self.result_box.currentIndexChanged.connect(self._on_chosen)
        self.add_row("Result", self.result_box)
        self.hint = HintLine(self.session, text=self._hint)
        self.column.addWidget(self.hint)
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self.column.addLayout(self._list)
        self.suggest = SuggestRow(self.session)
        self.suggest.advised.connect(self._on_advised)
        self.suggest.accepted.connect(self._on_accepted)
        self.column.addWidget(self.suggest)
        self.clean_up = CleanUp()
        self.clean_up.changed.connect(self._on_clean_up)
        self.clean_up.sliding.connect(self._on_sliding)
        self.clean_up.seeds_wanted.connect(self._on_seeds_wanted)
        self.clean_up.unit_chosen.connect(self._on_unit_chosen)
        self.clean_up.show_seeds_wanted(self.session.tuner.shows_seeds)
        self.column.addWidget(self.clean_up)
        self.presets = PresetRow(self.session)
        self.presets.used.connect(self._on_other_rules)
        self.footer.addWidget(self.presets)
        self.history = HistoryRow(self.session, self)
        self.history.changed.connect(self._on_other_rules)
        self.footer.addWidget(self.history)
        self.objects_button = QPushButton("Find objects")
        self.objects_button.setToolTip(
            "Make a layer with an id for each object of every class, and measure them."
        )
        self.objects_button.clicked.connect(self._on_objects)
        self.table_button = QPushButton("Table")
        self.table_button.setToolTip("Show what was measured; click a row to find it.")
        self.table_button.clicked.connect(self._on_table)
        take = QHBoxLayout()
        take.addWidget(self.objects_button, 1)
        take.addWidget(self.table_button)
        self.footer.addLayout(take)
        self.column.addStretch(1)
        self._show_histograms_soon = qthrottled(
            self._show_histograms, timeout=HISTOGRAM
        )
        self._tune_soon = qthrottled(self._tune, timeout=FRAME)
        self.seen.connect(self._on_dock_seen)
        self.follow(self.session.results.changed, self._show_results)
        self.follow(self.session.changed, self.hint.refresh)
        self.follow(self.session.view_changed, self._on_view)
        self.follow(self.session.tuner.changed, self._show_buttons)
        self.follow(self.session.tasks.changed, self._show_buttons)
        self.follow(self.session.objects.changed, self._show_buttons)
        self.follow(self.session.seeds.dismissed, self._on_seeds_dismissed)
        self._show_results()

    @property
    def rows(self) -> tuple[ThresholdRow, ...]:
        """One row per class, in the order of the result."""
        return tuple(self._rows.values())

    def show_result(self, result: Result) -> None:
        """Choose what to tune."""
        self.result_box.setCurrentIndex(list(self.session.results).index(result))

    def reset_choices(self, event: Any = None) -> None:
        """Follow the names of layers; napari calls this when they change."""
        self._show_results()

    def _on_dock_seen(self, is_seen: bool) -> None:
        # Nobody has drawn histograms while the dock was out of sight.
        if is_seen:
            self._show_histograms()
        self._show_seeds()

    # -- what a person does -------------------------------------------------------

    def _on_chosen(self, place: int) -> None:
        results = list(self.session.results)
        self._choose(results[place] if 0 <= place < len(results) else None)

    def _on_picked(self, class_id: int) -> None:
        self._selected = class_id
        self._show_selected()

    def _on_moved(self, class_id: int, threshold: float) -> None:
        self._tune_soon(class_id, threshold)

    def _on_released(self, class_id: int) -> None:
        row = self._rows.get(class_id)
        if self._result is None or row is None:
            return
        # The last move may still be waiting for its frame.
        self._tune(class_id, row.slider.value)
        self._note()

    def _on_cleared(self, class_id: int) -> None:
        if self._result is None:
            return
        rule = dataclasses.replace(self._result.rule(class_id), threshold=None)
        self._set_rule(class_id, rule)
        self._rows[class_id].show_rule(rule, len(self._rows))
        self._note()

    def _on_clean_up(self) -> None:
        if self._clean_up():
            self._note()

    def _on_sliding(self) -> None:
        self._clean_up()

    def _clean_up(self) -> bool:
        """Give the class that was picked, or all, the values that are shown."""
        if self._result is None or self._selected is None:
            return False
        everywhere = self.clean_up.all_classes.isChecked()
        for class_id in self._result.class_ids if everywhere else (self._selected,):
            try:
                rule = self.clean_up.apply_to(self._result.rule(class_id))
            except InputError as error:
                self.session.report(error)
                self._show_rules()
                return False
            self._set_rule(class_id, rule)
        self._show_seeds()
        return True

    def _on_seeds_wanted(self, wanted: bool) -> None:
        self.session.tuner.shows_seeds = wanted
        self._show_seeds()

    def _on_seeds_dismissed(self) -> None:
        self.session.tuner.shows_seeds = False
        self.clean_up.show_seeds_wanted(False)

    def _on_unit_chosen(self, in_units: bool) -> None:
        self.session.tuner.in_units = in_units

    def _on_other_rules(self) -> None:
        self.suggest.dismiss()
        self._show_rules()

    def _on_pressed(self, class_id: int) -> None:
        if self._result is not None:
            self.session.tuner.prepare(self._result, class_id)

    def _on_advised(self, advice: Advice | None) -> None:
        curves = (
            {}
            if advice is None
            else dict(zip(advice.class_ids, advice.suggestion.curves, strict=True))
        )
        for class_id, row in self._rows.items():
            if advice is None or class_id not in curves:
                row.slider.show_suggestion(None)
                continue
            threshold = advice.rules[class_id].threshold
            if threshold is None:
                threshold = default_threshold(len(self._rows))
            row.slider.show_suggestion(curves[class_id], threshold)

    def _on_accepted(self, advice: Advice) -> None:
        if self._result is None:
            return
        # What else was tuned meanwhile stays.
        rules = self._result.rules
        for class_id in advice.class_ids:
            if class_id in self._result.class_ids:
                rules[class_id] = advice.apply_to(class_id, self._result.rule(class_id))
        self.session.tuner.set_rules(self._result, rules)
        self._show_rules()
        self._note()

    def _on_objects(self) -> None:
        if self._result is not None:
            self.session.tuner.apply(self._result)
            self.session.objects.find(self._result)

    def _on_table(self) -> None:
        self.viewer.window.add_plugin_dock_widget(
            "napari-garage-unet", "Objects", tabify=True
        )

    def _note(self) -> None:
        """Show a change in every plane and make it one step to undo."""
        if self._result is not None:
            self.session.tuner.apply(self._result)
            self.session.tuner.note(self._result)
        self.suggest.dismiss()

    def _show_buttons(self) -> None:
        self.presets.refresh()
        self.history.refresh()
        is_busy = self.session.objects.is_busy
        self.objects_button.setEnabled(self._result is not None and not is_busy)
        self.objects_button.setText("Finding objects…" if is_busy else "Find objects")
        self.table_button.setEnabled(self.session.objects.newest is not None)

    def _tune(self, class_id: int, threshold: float) -> None:
        if self._result is not None and class_id in self._result.class_ids:
            rule = self._result.rule(class_id)
            low = None if rule.low is None else min(rule.low, threshold)
            rule = dataclasses.replace(rule, threshold=threshold, low=low)
            self._set_rule(class_id, rule, drags=self._rows[class_id].slider.is_held)

    def _set_rule(self, class_id: int, rule: ClassRule, *, drags: bool = False) -> None:
        assert self._result is not None
        self.session.tuner.tune(self._result, class_id, rule, drags=drags)

    # -- what the session says ----------------------------------------------------

    def _show_results(self) -> None:
        results = list(self.session.results)
        keep = self._result if self._result in results else None
        self.result_box.blockSignals(True)
        self.result_box.clear()
        for result in results:
            self.result_box.addItem(result.title)
            self.result_box.setItemData(
                self.result_box.count() - 1, result.name, Qt.ItemDataRole.ToolTipRole
            )
        shown = keep or (results[0] if results else None)
        if shown is not None:
            self.result_box.setCurrentIndex(results.index(shown))
        self.result_box.blockSignals(False)
        self._choose(shown)

    def _choose(self, result: Result | None) -> None:
        if result is not self._result:
            if self._result is not None:
                self._result.changed.disconnect(self._on_result, missing_ok=True)
            self._result = result
            for part in (self.suggest, self.presets, self.history):
                part.show_result(result)
            if result is not None:
                self.follow(result.changed, self._on_result)
                self.clean_up.show_image(
                    result.image, in_units=self.session.tuner.in_units
                )
        self._show_rows()

    def _on_result(self) -> None:
        if self._result is not None and set(self._result.class_ids) != set(self._rows):
            self._show_rows()
        self._show_histograms_soon()

    def _on_view(self) -> None:
        self._show_histograms_soon()

    def _show_rows(self) -> None:
        result = self._result
        classes = result.classes if result else ()
        if [info.id for info in classes] != list(self._rows):
            for row in self._rows.values():
                self._list.removeWidget(row)
                row.hide()
                row.deleteLater()
            self._rows = {info.id: self._make_row(info.id) for info in classes}
        for info in classes:
            self._rows[info.id].show_class(info)
        if self._selected not in self._rows:
            self._selected = next(iter(self._rows), None)
        for widget in (
            self.suggest,
            self.clean_up,
            self.presets,
            self.history,
            self.objects_button,
            self.table_button,
        ):
            widget.setVisible(bool(classes))
        self._show_buttons()
        self._show_rules()
        self._show_selected()
        self._show_histograms()
        self.hint.refresh()

    def _make_row(self, class_id: int) -> ThresholdRow:
        assert self._result is not None
        info = next(c for c in self._result.classes if c.id == class_id)
        row = ThresholdRow(info)
        row.picked.connect(self._on_picked)
        row.slider.pressed.connect(lambda: self._on_pressed(class_id))
        row.threshold_moved.connect(self._on_moved)
        row.threshold_chosen.connect(self._on_released)
        row.threshold_cleared.connect(self._on_cleared)
        self._list.addWidget(row)
        return row

    def _show_rules(self) -> None:
        if self._result is None:
            return
        for class_id, row in self._rows.items():
            row.show_rule(self._result.rule(class_id), len(self._rows))
        self._show_selected()

    def _show_selected(self) -> None:
        for class_id, row in self._rows.items():
            row.show_selected(class_id == self._selected)
        if self._result is not None and self._selected in self._rows:
            info = next(c for c in self._result.classes if c.id == self._selected)
            self.clean_up.show_rule(info.name, self._result.rule(info.id))
        self._show_seeds()

    def _show_seeds(self) -> None:
        """Show seeds where they help: the class is split and the dock is seen."""
        result, class_id, seeds = self._result, self._selected, self.session.seeds
        if (
            result is not None
            and class_id in result.class_ids
            and result.rule(class_id).split
            and self.session.tuner.shows_seeds
            and self.is_seen
        ):
            seeds.show(result, class_id)
        else:
            seeds.hide()

    def _show_histograms(self) -> None:
        result = self._result
        if result is None or not self.is_seen:
            return
        index = result.annotated.plane_on_view(self.viewer)
        for class_id, row in self._rows.items():
            row.slider.show_histogram(result.histogram(class_id, index))

    def _hint(self) -> str:
        if self._result is None:
            return "Train a model or segment an image; its result is tuned here."
        planes = len(self._result.planes)
        if planes > 1:
            return f"The plane on view follows at once, all {planes} on letting go."
        return "Drag a line: left finds more of a class, right finds less."

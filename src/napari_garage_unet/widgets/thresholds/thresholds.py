"""The dock in which the rules of a result are tuned."""

from __future__ import annotations

import dataclasses
from typing import Any

from superqt.utils import qthrottled

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.tuning.suggest import RuleSuggestion
from napari_garage_unet.widgets.common.dock import Dock
from napari_garage_unet.widgets.common.hint_line import HintLine

from .class_rows import ClassRows
from .clean_up import CleanUp
from .history_row import HistoryRow
from .objects_row import ObjectsRow
from .preset_row import PresetRow
from .result_box import ResultBox
from .suggest_row import SuggestRow
from .threshold_row import ThresholdRow

TUNE_INTERVAL_MS = 30
"""Least time in milliseconds between two changes while a slider moves."""

HISTOGRAM_INTERVAL_MS = 250
"""Least time in milliseconds between two histograms while the result changes."""


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
        self._result: Result | None = None
        self.result_box = ResultBox(self.session)
        self.result_box.chosen.connect(self._choose)
        self.add_row("Result", self.result_box)
        self.hint = HintLine(self.session, text=self._hint)
        self.column.addWidget(self.hint)
        self.class_rows = ClassRows()
        self.class_rows.selected.connect(self._show_selected)
        self.class_rows.pressed.connect(self._on_pressed)
        self.class_rows.moved.connect(self._on_moved)
        self.class_rows.chosen.connect(self._on_released)
        self.class_rows.cleared.connect(self._on_cleared)
        self.column.addWidget(self.class_rows)
        self.suggest = SuggestRow(self.session)
        self.suggest.suggested.connect(self.class_rows.show_suggestion)
        self.suggest.accepted.connect(self._on_accepted)
        self.column.addWidget(self.suggest)
        self.clean_up = CleanUp()
        self.clean_up.changed.connect(self._on_clean_up)
        self.clean_up.sliding.connect(self._clean_up)
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
        self.objects = ObjectsRow(self.session)
        self.objects.find_button.clicked.connect(self._on_find_objects)
        self.footer.addWidget(self.objects)
        self.column.addStretch(1)
        self._show_histograms_soon = qthrottled(
            self._show_histograms, timeout=HISTOGRAM_INTERVAL_MS
        )
        self._tune_soon = qthrottled(self._tune, timeout=TUNE_INTERVAL_MS)
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
        return self.class_rows.rows

    def show_result(self, result: Result) -> None:
        """Choose the result to tune."""
        self.result_box.choose(result)

    def reset_choices(self, event: Any = None) -> None:
        """Follow the names of layers; napari calls this when they change."""
        self._show_results()

    # -- thresholds ---------------------------------------------------------------

    def _on_pressed(self, class_id: int) -> None:
        if self._result is not None:
            self.session.tuner.prepare(self._result, class_id)

    def _on_moved(self, class_id: int, threshold: float) -> None:
        self._tune_soon(class_id, threshold)

    def _on_released(self, class_id: int) -> None:
        if self._result is None or class_id not in self._result.class_ids:
            return
        # The last move may still be waiting for its turn.
        self._tune(class_id, self.class_rows.row(class_id).slider.value)
        self._note()

    def _on_cleared(self, class_id: int) -> None:
        if self._result is None:
            return
        rule = dataclasses.replace(self._result.rule(class_id), threshold=None)
        self._set_rule(class_id, rule)
        self.class_rows.show_rule(class_id, rule)
        self._note()

    def _tune(self, class_id: int, threshold: float) -> None:
        if self._result is not None and class_id in self._result.class_ids:
            rule = self._result.rule(class_id)
            low = None if rule.low is None else min(rule.low, threshold)
            rule = dataclasses.replace(rule, threshold=threshold, low=low)
            is_held = self.class_rows.row(class_id).slider.is_held
            self._set_rule(class_id, rule, drags=is_held)

    def _set_rule(self, class_id: int, rule: ClassRule, *, drags: bool = False) -> None:
        assert self._result is not None
        self.session.tuner.tune(self._result, class_id, rule, drags=drags)

    def _note(self) -> None:
        """Apply the rules to every plane, and make the change one step to undo."""
        if self._result is not None:
            self.session.tuner.apply(self._result)
            self.session.tuner.note(self._result)
        self.suggest.dismiss()

    # -- clean-up -----------------------------------------------------------------

    def _on_clean_up(self) -> None:
        if self._clean_up():
            self._note()

    def _clean_up(self) -> bool:
        """Give the shown values to the selected class, or to all; return success."""
        selected = self.class_rows.selected_id
        if self._result is None or selected is None:
            return False
        everywhere = self.clean_up.all_classes.isChecked()
        for class_id in self._result.class_ids if everywhere else (selected,):
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

    # -- other rules --------------------------------------------------------------

    def _on_other_rules(self) -> None:
        self.suggest.dismiss()
        self._show_rules()

    def _on_accepted(self, suggestion: RuleSuggestion) -> None:
        if self._result is None:
            return
        # Fields the suggestion says nothing about keep what was tuned meanwhile.
        rules = self._result.rules
        for class_id in suggestion.class_ids:
            if class_id in self._result.class_ids:
                rules[class_id] = suggestion.apply_to(
                    class_id, self._result.rule(class_id)
                )
        self.session.tuner.set_rules(self._result, rules)
        self._show_rules()
        self._note()

    def _on_find_objects(self) -> None:
        if self._result is not None:
            self.session.tuner.apply(self._result)
            self.session.objects.find(self._result)

    # -- what the session says ----------------------------------------------------

    def _on_dock_seen(self, is_seen: bool) -> None:
        # No histograms are computed while the dock is out of sight.
        if is_seen:
            self._show_histograms()
        self._show_seeds()

    def _show_results(self) -> None:
        self._choose(self.result_box.refresh(self._result))

    def _choose(self, result: Result | None) -> None:
        if result is not self._result:
            if self._result is not None:
                self._result.changed.disconnect(self._on_result, missing_ok=True)
            self._result = result
            for part in (self.suggest, self.presets, self.history):
                part.show_result(result)
            if result is not None:
                self.follow(result.changed, self._on_result)
        if result is not None:
            in_units = self.session.tuner.in_units
            self.clean_up.show_image(result.image, in_units=in_units)
        self._show_classes()

    def _on_result(self) -> None:
        shown = {row.class_id for row in self.rows}
        if self._result is not None and set(self._result.class_ids) != shown:
            self._show_classes()
        self._show_histograms_soon()

    def _on_view(self) -> None:
        self._show_histograms_soon()

    def _show_classes(self) -> None:
        self.class_rows.show_classes(self._result)
        for widget in (
            self.class_rows,
            self.suggest,
            self.clean_up,
            self.presets,
            self.history,
            self.objects,
        ):
            widget.setVisible(bool(self.rows))
        self._show_buttons()
        self._show_selected()
        self._show_histograms()
        self.hint.refresh()

    def _show_buttons(self) -> None:
        self.presets.refresh()
        self.history.refresh()
        self.objects.refresh(can_find=self._result is not None)

    def _show_rules(self) -> None:
        if self._result is not None:
            self.class_rows.show_rules(self._result)
            self._show_selected()

    def _show_selected(self) -> None:
        selected = self.class_rows.selected_id
        if self._result is not None and selected is not None:
            name = next(c.name for c in self._result.classes if c.id == selected)
            self.clean_up.show_rule(name, self._result.rule(selected))
        self._show_seeds()

    def _show_seeds(self) -> None:
        """Show seeds where the selected class is split and the dock is in sight."""
        result, class_id = self._result, self.class_rows.selected_id
        if (
            result is not None
            and class_id in result.class_ids
            and result.rule(class_id).split
            and self.session.tuner.shows_seeds
            and self.is_seen
        ):
            self.session.seeds.show(result, class_id)
        else:
            self.session.seeds.hide()

    def _show_histograms(self) -> None:
        if self._result is not None and self.is_seen:
            index = self._result.annotated.plane_on_view(self.viewer)
            self.class_rows.show_histograms(self._result, index)

    def _hint(self) -> str:
        if self._result is None:
            return "Train a model or segment an image; its result is tuned here."
        planes = len(self._result.planes)
        if planes > 1:
            return f"The plane on view follows at once, all {planes} on letting go."
        return "Drag a line: left finds more of a class, right finds less."

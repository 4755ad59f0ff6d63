"""Tuning of rules, with undo, redo and presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.labels.presets import check_name, find_preset
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.layers.view import step_on_view
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

from .background_labels import BackgroundLabels
from .rule_history import RuleHistory, RuleMap, TunedRules, without_defaults

MIN_COARSE_PIXELS = 1 << 20
"""Pixels of a plane from which on a dragged slider looks at fewer of them."""

MAX_LIVE_RUNS = 70_000
"""Runs of equal labels that can be cleaned up without slowing a dragged slider."""

MAX_STEP_PIXELS = 16
"""Pixels between those that a dragged slider looks at, at most."""


class Tuner:
    """Changes rules; the plane on view follows at once, the others with `apply`.

    Rules, presets and their history belong to a model, and all its results follow
    them. The history outlives the docks.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results
        The results, and the rules of their models.

    Attributes
    ----------
    changed
        Undo, redo or presets are others.
    in_units
        Whether sizes are shown in the units of the layer, not in pixels.
    shows_seeds
        Whether seeds are shown while splitting is tuned.
    background_labels
        Assigns the labels of planes that are not on view.
    """

    changed = Signal()

    def __init__(self, viewer: Any, results: ResultList) -> None:
        self._viewer = viewer
        self._results = results
        self._histories: dict[str, RuleHistory] = {}
        self.in_units = False
        self.shows_seeds = True
        self._coarser = 1
        self.background_labels = BackgroundLabels(viewer, results)
        results.rules_replaced.connect(self._on_replaced)

    def prepare(self, result: Result, class_id: int) -> None:
        """Prepare for a slider of a class to be dragged.

        Labels of more than `MAX_LIVE_RUNS` runs follow at less than the resolution of
        the screen.
        """
        index = result.annotated.plane_on_view(self._viewer)
        self._coarser = 1
        runs = result.prepare(index, class_id, step=self._step(result))
        while self._is_large(result) and runs > MAX_LIVE_RUNS:
            self._coarser *= 2
            if self._step(result) >= MAX_STEP_PIXELS:
                break
            runs = result.prepare(index, class_id, step=self._step(result))

    def tune(
        self, result: Result, class_id: int, rule: ClassRule, *, drags: bool = False
    ) -> None:
        """Change the rule of a class; the plane on view follows at once.

        `apply` shows it in the other planes, `note` makes it one step to undo. While a
        slider is dragged, labels of large planes are assigned at the resolution of the
        screen, and `apply` shows every pixel afterwards.
        """
        self._history(result)
        index = result.annotated.plane_on_view(self._viewer)
        step = self._step(result) if drags else 1
        self._results.tune(result, index, class_id, rule, step=step)

    def _step(self, result: Result) -> int:
        if not self._is_large(result):
            return 1
        step = step_on_view(self._viewer, result.annotated.layer, no_coarser=True)
        return min(step * self._coarser, MAX_STEP_PIXELS)

    def _is_large(self, result: Result) -> bool:
        return math.prod(result.image.plane_shape) >= MIN_COARSE_PIXELS

    def set_rules(self, result: Result, rules: Mapping[int, ClassRule]) -> None:
        """Change the rules of all classes; classes left out get the default rule."""
        self._history(result)
        self._results.set_rules(result, rules)
        result.assign_plane(result.annotated.plane_on_view(self._viewer))
        self.apply(result)

    def apply(self, result: Result) -> None:
        """Show the present rules in all planes of all results of the model."""
        others = [r for r in self._results.of_model(result.model) if r is not result]
        self.background_labels.apply([result, *others])

    # -- undo and redo ------------------------------------------------------------

    def can_undo(self, result: Result) -> bool:
        """Whether a change can be undone."""
        return self._history(result).can_undo

    def can_redo(self, result: Result) -> bool:
        """Whether a change was undone."""
        return self._history(result).can_redo

    def note(self, result: Result) -> None:
        """Make all changes since the last call one step of the history."""
        self._history(result).note(self._tuning(result))
        self.changed.emit()

    def undo(self, result: Result) -> None:
        """Undo the last step."""
        self._restore(result, self._history(result).undo())

    def redo(self, result: Result) -> None:
        """Redo the step that was undone."""
        self._restore(result, self._history(result).redo())

    # -- presets ------------------------------------------------------------------

    def presets(self, result: Result) -> dict[str, RuleMap]:
        """Return the presets of the model of a result, by name."""
        return self._results.presets_of(result.model)

    def preset_in_use(self, result: Result) -> str:
        """Return the name of the preset with the present rules, or an empty one."""
        now = without_defaults(self._results.rules_of(result.model))
        names = [
            n
            for n, rules in self.presets(result).items()
            if without_defaults(rules) == now
        ]
        return names[0] if names else ""

    def save_preset(self, result: Result, name: str) -> str:
        """Save the present rules as a preset, which replaces one of the same name.

        Returns
        -------
        str
            The name, without spaces around it.

        Raises
        ------
        InputError
            If the name is empty or too long.
        """
        name = check_name(name)
        self._history(result)
        rules = without_defaults(self._results.rules_of(result.model))
        self._set_presets(result, {**self.presets(result), name: rules})
        return name

    def use_preset(self, result: Result, name: str) -> None:
        """Change the rules to those of a preset.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        self.set_rules(result, find_preset(self.presets(result), name))
        self.note(result)

    def delete_preset(self, result: Result, name: str) -> None:
        """Delete a preset; rules stay as they are.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        presets = self.presets(result)
        find_preset(presets, name)
        self._history(result)
        del presets[name]
        self._set_presets(result, presets)

    def poll(self) -> None:
        """Go on with the labels of other planes; called on the main thread."""
        self.background_labels.poll()

    def close(self) -> None:
        """Begin nothing more."""
        self.background_labels.close()

    # -- within -------------------------------------------------------------------

    def _set_presets(self, result: Result, presets: Mapping[str, RuleMap]) -> None:
        self._results.set_presets_of(result.model, presets)
        self.note(result)

    def _history(self, result: Result) -> RuleHistory:
        history = self._histories.get(result.model)
        if history is None:
            history = RuleHistory(self._tuning(result))
            self._histories[result.model] = history
        return history

    def _tuning(self, result: Result) -> TunedRules:
        rules = without_defaults(self._results.rules_of(result.model))
        return TunedRules(rules, self.presets(result))

    def _restore(self, result: Result, tuning: TunedRules) -> None:
        self._results.set_presets_of(result.model, tuning.presets)
        self.set_rules(result, tuning.rules)
        self.changed.emit()

    def _on_replaced(self, model: str) -> None:
        self._histories.pop(model, None)
        self.changed.emit()

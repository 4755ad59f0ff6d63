"""TunedRules: rules of results, their history, and the presets of models."""

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

LARGE = 1 << 20
"""Pixels of a plane from which on a dragged slider looks at fewer of them."""

MOST_RUNS = 70_000
"""Runs of equal labels that can be cleaned without being felt in a moving slider."""

COARSEST = 16


class Tuner:
    """Changes rules; the plane on view follows at once, the others when told to.

    Rules, presets and the history belong to a model: whatever it has made follows.
    The history outlives the docks.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results
        The results of the session.

    Attributes
    ----------
    changed
        There is something else to undo or redo, or there are other presets.
    in_units
        Whether sizes are shown in the units of the layer, not in pixels.
    shows_seeds
        Whether seeds are to be seen while splitting is tuned.
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
        """Get ready for a slider of a class to be dragged.

        Labels in very many pieces are dragged at less than the resolution of the
        screen.
        """
        index = result.annotated.plane_on_view(self._viewer)
        self._coarser = 1
        runs = result.prepare(index, class_id, step=self._step(result))
        while self._is_large(result) and runs > MOST_RUNS:
            self._coarser *= 2
            if self._step(result) >= COARSEST:
                break
            runs = result.prepare(index, class_id, step=self._step(result))

    def tune(
        self, result: Result, class_id: int, rule: ClassRule, *, drags: bool = False
    ) -> None:
        """Change the rule of a class; the plane on view follows at once.

        `apply` shows it in the other planes, `note` makes it one step to undo. While a
        slider is dragged, large planes are decided at the resolution of the screen,
        and `apply` shows every pixel afterwards.
        """
        self._history(result)
        index = result.annotated.plane_on_view(self._viewer)
        step = self._step(result) if drags else 1
        self._results.tune(result, index, class_id, rule, step=step)

    def _step(self, result: Result) -> int:
        if not self._is_large(result):
            return 1
        step = step_on_view(self._viewer, result.layer, no_coarser=True)
        return min(step * self._coarser, COARSEST)

    def _is_large(self, result: Result) -> bool:
        return math.prod(result.image.plane_shape) >= LARGE

    def set_rules(self, result: Result, rules: Mapping[int, ClassRule]) -> None:
        """Change the rules of all classes; classes left out get the default."""
        self._history(result)
        self._results.set_rules(result, rules)
        result.assign_plane(result.annotated.plane_on_view(self._viewer))
        self.apply(result)

    def apply(self, result: Result) -> None:
        """Show the present rules in every plane of all the model has made."""
        others = [r for r in self._results.of_model(result.model) if r is not result]
        self.background_labels.apply([result, *others])

    # -- undo and redo ------------------------------------------------------------

    def can_undo(self, result: Result) -> bool:
        """Whether there is a change to take back."""
        return self._history(result).can_undo

    def can_redo(self, result: Result) -> bool:
        """Whether a change was taken back."""
        return self._history(result).can_redo

    def note(self, result: Result) -> None:
        """Make what has changed since the last note one step to undo."""
        self._history(result).note(self._tuning(result))
        self.changed.emit()

    def undo(self, result: Result) -> None:
        """Take back the last change."""
        self._restore(result, self._history(result).undo())

    def redo(self, result: Result) -> None:
        """Make the change again that was taken back."""
        self._restore(result, self._history(result).redo())

    # -- presets ------------------------------------------------------------------

    def presets(self, result: Result) -> dict[str, RuleMap]:
        """The presets of the model of a result, by name."""
        return self._results.presets_of(result.model)

    def preset_in_use(self, result: Result) -> str:
        """Name of the preset that says what the rules say now; empty if none does."""
        now = without_defaults(self._results.rules_of(result.model))
        names = [
            n
            for n, rules in self.presets(result).items()
            if without_defaults(rules) == now
        ]
        return names[0] if names else ""

    def save_preset(self, result: Result, name: str) -> str:
        """Keep the present rules under a name, in place of what had it before.

        Returns
        -------
        str
            The name, without blanks around it.

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
        """Take over the rules of a preset.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        self.set_rules(result, find_preset(self.presets(result), name))
        self.note(result)

    def delete_preset(self, result: Result, name: str) -> None:
        """Forget a preset; rules stay as they are.

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
        """Decide planes that wait for it; called on the main thread."""
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

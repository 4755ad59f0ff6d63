"""Undo and redo of tuned rules and presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_garage_unet.engine.labels.rules import ClassRule

RuleMap = dict[int, ClassRule]


@dataclass(frozen=True, slots=True)
class TunedRules:
    """The rules and presets of a model.

    Parameters
    ----------
    rules
        By class id; default rules are left out.
    presets
        Rules by class id, by the name they were saved under.
    """

    rules: RuleMap
    presets: dict[str, RuleMap]


def without_defaults(rules: Mapping[int, ClassRule]) -> RuleMap:
    """Leave out default rules, so that rules with the same labels are equal."""
    return {i: rule for i, rule in sorted(rules.items()) if rule != ClassRule()}


class RuleHistory:
    """Rules and presets before and after each change.

    Parameters
    ----------
    start
        Rules and presets to begin with.
    """

    def __init__(self, start: TunedRules) -> None:
        self._states = [start]
        self._at = 0

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._at < len(self._states) - 1

    def note(self, state: TunedRules) -> None:
        """Add a state; what was undone before is forgotten."""
        if state != self._states[self._at]:
            self._states = [*self._states[: self._at + 1], state]
            self._at += 1

    def undo(self) -> TunedRules:
        """Go back by one change and return that state."""
        self._at = max(self._at - 1, 0)
        return self._states[self._at]

    def redo(self) -> TunedRules:
        """Go forward by one change and return that state."""
        self._at = min(self._at + 1, len(self._states) - 1)
        return self._states[self._at]

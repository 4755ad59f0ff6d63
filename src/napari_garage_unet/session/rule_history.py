"""Undo and redo of what a person tunes."""

from __future__ import annotations

from collections.abc import Mapping

from napari_garage_unet.engine.rules import ClassRule

RuleMap = dict[int, ClassRule]


class RuleHistory:
    """The rules before and after each change.

    Parameters
    ----------
    rules
        The rules to begin with, by class id.
    """

    def __init__(self, rules: Mapping[int, ClassRule]) -> None:
        self._states: list[RuleMap] = [_told(rules)]
        self._at = 0

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._at < len(self._states) - 1

    def note(self, rules: Mapping[int, ClassRule]) -> None:
        """Remember a state; what was undone before is forgotten."""
        state = _told(rules)
        if state != self._states[self._at]:
            self._states = [*self._states[: self._at + 1], state]
            self._at += 1

    def undo(self) -> RuleMap:
        """Go back by one change and return the rules of then."""
        self._at = max(self._at - 1, 0)
        return dict(self._states[self._at])

    def redo(self) -> RuleMap:
        """Go forth again and return the rules of then."""
        self._at = min(self._at + 1, len(self._states) - 1)
        return dict(self._states[self._at])


def _told(rules: Mapping[int, ClassRule]) -> RuleMap:
    """Leave out default rules, which say nothing."""
    return {i: rule for i, rule in rules.items() if rule != ClassRule()}

"""What a suggestion is made from, and what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from napari_garage_unet.engine.labels.rules import ClassRule

from .thresholds import ThresholdSuggestion


@dataclass(frozen=True, slots=True, eq=False)
class RuleSuggestion:
    """A suggestion for a result.

    Parameters
    ----------
    thresholds
        Thresholds, IoU and curves, in the order of `class_ids`.
    class_ids
        The classes of the result.
    held_out
        Whether only what was said of strokes unseen was asked.
    min_sizes
        Suggested smallest sizes in pixels, by class id; classes without one are left
        out.
    splits
        Classes of which objects seem to touch, and that are not split yet.
    """

    thresholds: ThresholdSuggestion
    class_ids: tuple[int, ...]
    held_out: bool
    min_sizes: Mapping[int, float]
    splits: frozenset[int] = frozenset()

    @property
    def rules(self) -> dict[int, ClassRule]:
        """The suggested rules by class id."""
        rules = dict(zip(self.class_ids, self.thresholds.rules, strict=True))
        return {i: self.apply_to(i, rule) for i, rule in rules.items()}

    @property
    def changes_rules(self) -> bool:
        """Whether anything would change."""
        return self.changes_thresholds or bool(self.min_sizes or self.splits)

    @property
    def changes_thresholds(self) -> bool:
        """Whether thresholds would move."""
        return self.thresholds.changes_thresholds

    def apply_to(self, class_id: int, rule: ClassRule) -> ClassRule:
        """Put what is suggested for a class into its rule; the rest of it stays."""
        suggested = self.thresholds.rules[self.class_ids.index(class_id)]
        return dataclasses.replace(
            rule,
            threshold=suggested.threshold,
            low=suggested.low,
            min_size=rule.min_size or self.min_sizes.get(class_id, 0.0),
            split=rule.split or class_id in self.splits,
        )

"""The suggested rules of a segmentation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from napari_garage_unet.engine.labels.rules import ClassRule

from .thresholds import ThresholdSuggestion


@dataclass(frozen=True, slots=True, eq=False)
class RuleSuggestion:
    """Suggested rules of all classes.

    Parameters
    ----------
    thresholds
        Suggested thresholds with their IoU and curves, in the order of `class_ids`.
    class_ids
        Ids of the classes.
    held_out
        Whether only predictions at held-out strokes were compared.
    min_sizes
        Suggested minimum sizes in pixels or voxels, by class id; only of classes for
        which there is one.
    splits
        Ids of classes whose objects look touching and are not split yet.
    """

    thresholds: ThresholdSuggestion
    class_ids: tuple[int, ...]
    held_out: bool
    min_sizes: Mapping[int, float]
    splits: frozenset[int] = frozenset()

    @property
    def rules(self) -> dict[int, ClassRule]:
        """Suggested rules by class id."""
        rules = dict(zip(self.class_ids, self.thresholds.rules, strict=True))
        return {i: self.apply_to(i, rule) for i, rule in rules.items()}

    @property
    def changes_rules(self) -> bool:
        """Whether a threshold, a minimum size or the splitting of a class changes."""
        return self.changes_thresholds or bool(self.min_sizes or self.splits)

    @property
    def changes_thresholds(self) -> bool:
        """Whether a threshold changes."""
        return self.thresholds.changes_thresholds

    def apply_to(self, class_id: int, rule: ClassRule) -> ClassRule:
        """Return the rule of a class with the suggested values in it; others stay."""
        suggested = self.thresholds.rules[self.class_ids.index(class_id)]
        return dataclasses.replace(
            rule,
            threshold=suggested.threshold,
            low=suggested.low,
            min_size=rule.min_size or self.min_sizes.get(class_id, 0.0),
            split=rule.split or class_id in self.splits,
        )

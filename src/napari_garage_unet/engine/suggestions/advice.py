"""What a suggestion is made from, and what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from napari_garage_unet.engine.labels.rules import ClassRule

from .thresholds import Suggestion


@dataclass(frozen=True, slots=True, eq=False)
class PaintedPlane:
    """The strokes of a plane and what a model says there.

    Parameters
    ----------
    probabilities
        ``(n_classes, H, W)`` float from 0 to 1 or uint8.
    strokes
        ``(H, W)`` integer class ids, 0 = unlabelled.
    image
        ``(H, W)`` or ``(H, W, C)``, whose edges are looked at; not when left out.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    image: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PaintedVolume:
    """A volume in which planes were painted on; sizes are measured in it.

    Parameters
    ----------
    probabilities
        ``(n_classes, D, H, W)`` float from 0 to 1 or uint8.
    strokes
        ``(D, H, W)`` integer class ids, 0 = unlabelled.
    spacing
        World units per voxel along each axis.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    spacing: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class Advice:
    """A suggestion for a result.

    Parameters
    ----------
    suggestion
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

    suggestion: Suggestion
    class_ids: tuple[int, ...]
    held_out: bool
    min_sizes: Mapping[int, float]
    splits: frozenset[int] = frozenset()

    @property
    def rules(self) -> dict[int, ClassRule]:
        """The suggested rules by class id."""
        rules = dict(zip(self.class_ids, self.suggestion.rules, strict=True))
        return {i: self.apply_to(i, rule) for i, rule in rules.items()}

    @property
    def says_something(self) -> bool:
        """Whether anything would change."""
        return self.moves or bool(self.min_sizes or self.splits)

    @property
    def moves(self) -> bool:
        """Whether thresholds would move."""
        return self.suggestion.moves

    def apply_to(self, class_id: int, rule: ClassRule) -> ClassRule:
        """Put what is suggested for a class into its rule; the rest of it stays."""
        suggested = self.suggestion.rules[self.class_ids.index(class_id)]
        return dataclasses.replace(
            rule,
            threshold=suggested.threshold,
            low=suggested.low,
            min_size=rule.min_size or self.min_sizes.get(class_id, 0.0),
            split=rule.split or class_id in self.splits,
        )

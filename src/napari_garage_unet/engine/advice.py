"""What strokes say about the rules: thresholds and smallest sizes.

Thresholds come from `tuning`. A smallest size is told by the objects that a person has
painted on: a region of a class that is smaller than a tenth of the smallest region
with a stroke of that class is a speck, unless somebody has chosen a size already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from .decide import Labels, decide
from .errors import InputError
from .regions import find_regions
from .rules import ClassRule, Rules, resolve_rules
from .tuning import TOLERANCE, Suggestion, suggest_rules

MOST_PIXELS = 50_000
"""Stroke pixels that are compared; more would take long and say the same."""

ENOUGH = 50
"""Held-out pixels of each painted class from which on they alone are asked."""

SPECK = 0.1
"""Share of the smallest painted region below which a region is a speck."""


@dataclass(frozen=True, slots=True, eq=False)
class PaintedPlane:
    """The strokes of a plane and what a model says there.

    Parameters
    ----------
    probabilities
        ``(n_classes, H, W)`` float from 0 to 1 or uint8.
    strokes
        ``(H, W)`` integer class ids, 0 = unlabelled.
    held_out
        ``(H, W)`` bool, strokes that were not learnt from; none when left out.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    held_out: NDArray[np.bool_] | None = None


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
        Whether only strokes that were not learnt from were asked.
    min_sizes
        Suggested smallest sizes in pixels, by class id; classes without one are left
        out.
    """

    suggestion: Suggestion
    class_ids: tuple[int, ...]
    held_out: bool
    min_sizes: Mapping[int, float]

    @property
    def rules(self) -> dict[int, ClassRule]:
        """The suggested rules by class id."""
        rules = dict(zip(self.class_ids, self.suggestion.rules, strict=True))
        return {i: self.apply_to(i, rule) for i, rule in rules.items()}

    @property
    def says_something(self) -> bool:
        """Whether anything would change."""
        return self.suggestion.gain > TOLERANCE or bool(self.min_sizes)

    def apply_to(self, class_id: int, rule: ClassRule) -> ClassRule:
        """Put what is suggested for a class into its rule; the rest of it stays."""
        suggested = self.suggestion.rules[self.class_ids.index(class_id)]
        return dataclasses.replace(
            rule,
            threshold=suggested.threshold,
            low=suggested.low,
            min_size=rule.min_size or self.min_sizes.get(class_id, 0.0),
        )


def advise(
    planes: Iterable[PaintedPlane],
    *,
    class_ids: Sequence[int],
    rules: Rules = None,
    background_ids: Collection[int] = (),
) -> Advice:
    """Look for the rules that fit strokes best.

    Parameters
    ----------
    planes
        Planes with strokes, of one image or of several.
    class_ids
        Id of each class, in the order of the probabilities. Strokes of other classes
        are left out.
    rules
        The present rules.
    background_ids
        Classes without objects, to which no smallest size is suggested.

    Raises
    ------
    InputError
        If there are no strokes of these classes, or shapes or ids do not fit.
    """
    rows, ids, held, parts = [], [], [], []
    seen: list[PaintedPlane] = []
    count = 0
    for plane in planes:
        mask = np.isin(plane.strokes, class_ids)
        if not mask.any():
            continue
        seen.append(plane)
        apart = measure.label(np.where(mask, plane.strokes, 0), connectivity=2)
        rows.append(plane.probabilities[:, mask])
        ids.append(plane.strokes[mask])
        parts.append(apart[mask] + count)
        count += int(apart.max())
        is_held = plane.held_out
        held.append(np.zeros(ids[-1].size, bool) if is_held is None else is_held[mask])
    if not rows:
        raise InputError("There are no strokes to compare with; paint some first.")
    levels, truth = np.concatenate(rows, axis=1), np.concatenate(ids)
    strokes_apart, kept = np.concatenate(parts), np.concatenate(held)
    enough = all(
        np.count_nonzero(kept & (truth == i)) >= ENOUGH for i in np.unique(truth)
    )
    chosen = np.flatnonzero(kept) if enough else np.arange(truth.size)
    if chosen.size > MOST_PIXELS:
        chosen = np.random.default_rng(0).choice(chosen, MOST_PIXELS, replace=False)
    present = resolve_rules(rules, class_ids)
    suggestion = suggest_rules(
        levels[:, chosen],
        truth[chosen],
        class_ids=class_ids,
        rules=present,
        strokes_apart=strokes_apart[chosen],
    )
    smallest: dict[int, int] = {}
    for plane in seen:
        labels = decide(plane.probabilities, suggestion.rules, class_ids=class_ids)
        for i, size in painted_sizes(labels, plane.strokes).items():
            smallest[i] = min(size, smallest.get(i, size))
    sizes = {
        i: float(int(SPECK * smallest[i]))
        for i, rule in zip(class_ids, present, strict=True)
        if i in smallest and i not in background_ids and not rule.min_size
    }
    return Advice(
        suggestion,
        tuple(class_ids),
        enough,
        {i: size for i, size in sizes.items() if size > 1},
    )


def painted_sizes(labels: Labels, strokes: NDArray[Any]) -> dict[int, int]:
    """Return the size of the smallest region of each class that has a stroke of it.

    Parameters
    ----------
    labels
        ``(*spatial)`` segmentation.
    strokes
        Class ids of the same shape, 0 = unlabelled.

    Returns
    -------
    pixels by class id; classes whose strokes lie on no region of theirs are left out
    """
    regions = find_regions(np.ascontiguousarray(labels))
    right = np.flatnonzero((strokes == labels).reshape(-1) & (strokes.reshape(-1) > 0))
    run = np.searchsorted(regions.run_starts, right, side="right") - 1
    painted = np.zeros(regions.labels.size, bool)
    painted[regions.run_regions[run]] = True
    smallest = {}
    for class_id in np.unique(regions.labels[painted]).tolist():
        group, count = regions.join(regions.labels == class_id, diagonal=True)
        member = group >= 0
        sizes = np.bincount(group[member], regions.sizes[member], count)
        smallest[class_id] = int(sizes[np.unique(group[painted & member])].min())
    return smallest

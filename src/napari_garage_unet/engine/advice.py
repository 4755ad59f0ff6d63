"""What strokes say about the rules: thresholds and smallest sizes.

Thresholds come from `tuning`; where strokes leave several open, `outlines` says which
of them follows the edges of the image. A smallest size is told by the objects that a
person has painted on: a region of a class that is smaller than a tenth of the smallest
of them is a speck, unless somebody has chosen a size already. Touching objects are
split for that, or else a heap of them would be taken for one that is large.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from .decide import LEVELS, decide, quantize
from .errors import InputError
from .objects import objects
from .outlines import edge_curve, edge_strength
from .rules import ClassRule, Rules, resolve_rules
from .tuning import Preference, Suggestion, suggest_rules

MOST_PIXELS = 50_000
"""Stroke pixels that are compared; more would take long and say the same."""

ENOUGH = 50
"""Held-out pixels of each painted class from which on they alone are asked."""

SPECK = 0.1
"""Share of the smallest painted object below which a region is a speck."""


CLEAR = 1.5
"""How much stronger than a usual pixel an outline has to be to lie on an edge."""


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
    image
        ``(H, W)`` or ``(H, W, C)``, whose edges are looked at; not when left out.
    """

    probabilities: NDArray[Any]
    strokes: NDArray[Any]
    held_out: NDArray[np.bool_] | None = None
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
        return self.moves or bool(self.min_sizes)

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
        )


def advise(
    planes: Iterable[PaintedPlane],
    *,
    class_ids: Sequence[int],
    rules: Rules = None,
    background_ids: Collection[int] = (),
    volumes: Iterable[PaintedVolume] | None = None,
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
        Classes without objects: no smallest size is suggested, and their thresholds do
        not follow edges.
    volumes
        The volumes that the planes are of; left out, sizes are those in planes.

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
        preference=_follow_edges(seen, class_ids, background_ids),
    )
    wanted = {
        i
        for i, rule in zip(class_ids, present, strict=True)
        if i not in background_ids and not rule.min_size
    }
    smallest: dict[int, int] = {}
    for part in seen if volumes is None else volumes:
        for i, size in _painted_sizes(part, suggestion, class_ids, wanted).items():
            smallest[i] = min(size, smallest.get(i, size))
    sizes = {i: float(int(SPECK * size)) for i, size in smallest.items()}
    return Advice(
        suggestion,
        tuple(class_ids),
        enough,
        {i: size for i, size in sizes.items() if size > 1},
    )


def _follow_edges(
    planes: Sequence[PaintedPlane],
    class_ids: Sequence[int],
    background_ids: Collection[int],
) -> Preference:
    """Prefer the thresholds whose outlines lie on the edges of the images."""
    seen = [
        (quantize(plane.probabilities), edge_strength(plane.image))
        for plane in planes
        if plane.image is not None
    ]

    def preference(
        rules: Sequence[ClassRule], index: int
    ) -> NDArray[np.float64] | None:
        if class_ids[index] in background_ids:
            return None
        total = np.zeros(LEVELS)
        for levels, strength in seen:
            curve = edge_curve(levels, strength, rules, class_ids, index)
            # Outlines have to lie on edges more than anything else does.
            if curve.max() > CLEAR * strength.mean():
                total += curve / curve.max()
        return total if total.any() else None

    return preference


def _painted_sizes(
    part: PaintedPlane | PaintedVolume,
    suggestion: Suggestion,
    class_ids: Sequence[int],
    wanted: Collection[int],
) -> dict[int, int]:
    """Return the pixels of the smallest painted object of each class that has one."""
    labels = decide(part.probabilities, suggestion.rules, class_ids=class_ids)
    spacing = part.spacing if isinstance(part, PaintedVolume) else None
    smallest = {}
    for i in wanted:
        ids = objects(labels, i, split=True, spacing=spacing)
        size = smallest_painted(ids, part.strokes == i)
        if size is not None:
            smallest[i] = size
    return smallest


def smallest_painted(
    ids: NDArray[np.integer[Any]], painted: NDArray[np.bool_]
) -> int | None:
    """Return the size of the smallest object with a stroke on it.

    Parameters
    ----------
    ids
        ``(*spatial)``, see `objects.objects`.
    painted
        Where strokes of the class lie.

    Returns
    -------
    pixels; None where no stroke lies on an object
    """
    hit = np.unique(ids[painted])
    hit = hit[hit > 0]
    return int(np.bincount(ids.reshape(-1))[hit].min()) if hit.size else None

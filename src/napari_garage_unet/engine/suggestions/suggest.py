"""What strokes say about the rules: thresholds and smallest sizes.

Thresholds come from `tuning`; where strokes leave several open, `outlines` says which
of them follows the edges of the image. A smallest size is told by the objects that a
person has painted on: a region of a class that is smaller than a tenth of the small
ones is a speck, unless somebody has chosen a size already. Touching objects are
split for that, or else a heap of them would be taken for one that is large; `touching`
says whether to split them for good.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import Labels, decide
from napari_garage_unet.engine.labels.rules import ClassRule, Rules, resolve_rules
from napari_garage_unet.engine.models.held_out_predictions import HeldOutAnswers
from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.touching import look_touching
from napari_garage_unet.engine.probabilities import LEVELS, quantize

from .outlines import edge_curve, edge_strength
from .thresholds import Preference, Suggestion, suggest_rules

MOST_PIXELS = 50_000
"""Stroke pixels that are compared; more would take long and say the same."""

ENOUGH = 50
"""Held-out pixels of each painted class from which on they alone are asked."""

ENOUGH_STROKES = 3
"""Held-out strokes of each painted class they have to be part of."""

SPECK = 0.1
"""Share of a small painted object below which a region is a speck."""

SMALL = 0.1
"""Share of the stroke pixels on objects that are smaller than a small one."""


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


def advise(
    planes: Iterable[PaintedPlane],
    *,
    class_ids: Sequence[int],
    rules: Rules = None,
    background_ids: Collection[int] = (),
    volumes: Iterable[PaintedVolume] | None = None,
    held_out: HeldOutAnswers | None = None,
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
    held_out
        What was said of strokes by a network that had not seen them. Thresholds are
        chosen by them where there are enough of them.

    Raises
    ------
    InputError
        If there are no strokes of these classes, or shapes or ids do not fit.
    """
    rows, ids, parts = [], [], []
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
    if not rows:
        raise InputError("There are no strokes to compare with; paint some first.")
    levels, truth = np.concatenate(rows, axis=1), np.concatenate(ids)
    strokes_apart = np.concatenate(parts)
    enough = held_out is not None and _says_enough(held_out, np.unique(truth))
    if held_out is not None and enough:
        levels, truth = held_out.levels, held_out.class_ids
        strokes_apart = held_out.strokes
    chosen = np.arange(truth.size)
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
    of_class = dict(zip(class_ids, present, strict=True))
    painted: dict[int, list[NDArray[np.int64]]] = {}
    touching: set[int] = set()
    for part in seen if volumes is None else volumes:
        labels = decide(part.probabilities, suggestion.rules, class_ids=class_ids)
        for i in set(class_ids) - set(background_ids):
            found = _look_at_objects(part, labels, i)
            painted.setdefault(i, []).append(found.sizes)
            # One heap is reason enough: splitting leaves single objects alone.
            touching |= {i} if found.touch else set()
    sizes = {
        i: float(int(SPECK * small_size(np.concatenate(each))))
        for i, each in painted.items()
        if not of_class[i].min_size
    }
    return Advice(
        suggestion,
        tuple(class_ids),
        enough,
        {i: size for i, size in sizes.items() if size > 1},
        frozenset(i for i in touching if not of_class[i].split),
    )


def _says_enough(answers: HeldOutAnswers, class_ids: NDArray[np.integer[Any]]) -> bool:
    """Whether unseen strokes of every class say more than chance."""
    return all(
        np.count_nonzero(here) >= ENOUGH
        and np.unique(answers.strokes[here]).size >= ENOUGH_STROKES
        for here in (answers.class_ids == i for i in class_ids)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    sizes: NDArray[np.int64]
    touch: bool


def _look_at_objects(
    part: PaintedPlane | PaintedVolume, labels: Labels, class_id: int
) -> _Objects:
    """Return the sizes of painted objects, and whether objects touch."""
    spacing = part.spacing if isinstance(part, PaintedVolume) else None
    split = objects(labels, class_id, split=True, spacing=spacing)
    sizes = painted_sizes(split, part.strokes == class_id)
    # Specks are no objects.
    large = np.bincount(split.reshape(-1)) >= SPECK * small_size(sizes)
    mask = (split > 0) & large[split]
    regions = objects(mask, spacing=spacing)
    parts = objects(mask, split=True, spacing=spacing)
    return _Objects(sizes, sizes.size > 0 and look_touching(regions, parts))


def painted_sizes(
    ids: NDArray[np.integer[Any]], painted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the size of the object that each pixel of a stroke lies on.

    Parameters
    ----------
    ids
        ``(*spatial)``, see `objects.objects`.
    painted
        Where strokes of the class lie.

    Returns
    -------
    ``(n,)`` int64; pixels that lie on no object are left out
    """
    hit = ids[painted & (ids > 0)]
    sizes: NDArray[np.int64] = np.bincount(ids.reshape(-1))[hit].astype(np.int64)
    return sizes


def small_size(sizes: NDArray[np.int64]) -> int:
    """Return the size of a small object, of which `SMALL` of the pixels are smaller.

    0 where nothing was painted. The very smallest would be a speck that a stroke has
    brushed.
    """
    return int(np.sort(sizes)[int(SMALL * sizes.size)]) if sizes.size else 0

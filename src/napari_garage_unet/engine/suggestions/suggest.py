"""Suggested rules: thresholds, minimum sizes and splitting.

`thresholds` finds the thresholds that fit the strokes; of several that fit, `outlines`
selects those that follow the edges of the image. The minimum size of a class is
`MIN_SIZE_PER_SMALL_OBJECT` times the size of a small painted object, unless its rule
has one. Touching objects are split to measure sizes; `touching` tests whether to
suggest splitting them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.labels.assign import assign_labels
from napari_garage_unet.engine.labels.rules import ClassRule, Rules, resolve_rules
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.probabilities import MAX_LEVEL, quantize

from .object_sizes import MIN_SIZE_PER_SMALL_OBJECT, measure_painted_objects, small_size
from .outlines import edge_curve, edge_strength
from .painted import PaintedPlane, PaintedVolume
from .rule_suggestion import RuleSuggestion
from .thresholds import Preference, suggest_thresholds

MAX_COMPARED_PIXELS = 50_000
"""Number of stroke pixels that are compared; a random sample of more."""

MIN_HELD_OUT_PIXELS = 50
"""Held-out pixels of each painted class from which on only these are compared."""

MIN_HELD_OUT_STROKES = 3
"""Held-out strokes of each painted class from which on only these are compared."""

MIN_EDGE_STRENGTH_RATIO = 1.5
"""Strength of the best outline, relative to the mean of the image, to follow edges."""


def suggest_rules(
    planes: Iterable[PaintedPlane],
    *,
    class_ids: Sequence[int],
    rules: Rules = None,
    background_ids: Collection[int] = (),
    volumes: Iterable[PaintedVolume] | None = None,
    held_out: HeldOutPredictions | None = None,
) -> RuleSuggestion:
    """Suggest the rules that fit strokes best.

    Parameters
    ----------
    planes
        Planes with strokes, of one image or of several.
    class_ids
        Id of each class, in the order of the probabilities. Strokes of other classes
        are ignored.
    rules
        Present rules.
    background_ids
        Classes without objects: they get no minimum size, and their thresholds do not
        follow edges.
    volumes
        Volumes of which the planes are part; sizes are measured in the planes by
        default.
    held_out
        Predictions at held-out strokes. Thresholds are compared with these alone if
        each painted class has enough of them.

    Raises
    ------
    InputError
        If there are no strokes of these classes, or shapes or ids do not fit.
    """
    painted = [plane for plane in planes if np.isin(plane.strokes, class_ids).any()]
    if not painted:
        raise InputError("There are no strokes to compare with; paint some first.")
    levels, truth, strokes_apart = _stroke_pixels(painted, class_ids)
    enough = held_out is not None and _has_enough(held_out, np.unique(truth))
    if held_out is not None and enough:
        levels, truth = held_out.levels, held_out.class_ids
        strokes_apart = held_out.strokes
    chosen = np.arange(truth.size)
    if chosen.size > MAX_COMPARED_PIXELS:
        chosen = np.random.default_rng(0).choice(
            chosen, MAX_COMPARED_PIXELS, replace=False
        )
    present = resolve_rules(rules, class_ids)
    thresholds = suggest_thresholds(
        levels[:, chosen],
        truth[chosen],
        class_ids=class_ids,
        rules=present,
        strokes_apart=strokes_apart[chosen],
        preference=_follow_edges(painted, class_ids, background_ids),
    )
    of_class = dict(zip(class_ids, present, strict=True))
    with_objects = set(class_ids) - set(background_ids)
    sizes: dict[int, list[NDArray[np.int64]]] = {}
    touching: set[int] = set()
    for part in painted if volumes is None else volumes:
        labels = assign_labels(
            part.probabilities, thresholds.rules, class_ids=class_ids
        )
        for i in with_objects:
            found = measure_painted_objects(part, labels, i)
            sizes.setdefault(i, []).append(found.sizes)
            # One plane with clumps is enough: splitting leaves single objects whole.
            touching |= {i} if found.touch else set()
    min_sizes = {
        i: float(int(MIN_SIZE_PER_SMALL_OBJECT * small_size(np.concatenate(each))))
        for i, each in sizes.items()
        if not of_class[i].min_size
    }
    return RuleSuggestion(
        thresholds,
        tuple(class_ids),
        enough,
        {i: size for i, size in min_sizes.items() if size > 1},
        frozenset(i for i in touching if not of_class[i].split),
    )


def _stroke_pixels(
    planes: Sequence[PaintedPlane], class_ids: Sequence[int]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.integer[Any]]]:
    """Return the stroke pixels of all planes.

    Returns
    -------
    probabilities
        ``(n_classes, n_pixels)``, as in the planes.
    truth
        ``(n_pixels,)`` painted class ids.
    strokes
        ``(n_pixels,)`` number of the stroke of each pixel: connected pixels of
        one class, across edges and corners.
    """
    probabilities, truth, strokes = [], [], []
    count = 0
    for plane in planes:
        mask = np.isin(plane.strokes, class_ids)
        apart = measure.label(np.where(mask, plane.strokes, 0), connectivity=2)
        probabilities.append(plane.probabilities[:, mask])
        truth.append(plane.strokes[mask])
        strokes.append(apart[mask] + count)
        count += int(apart.max())
    return (
        np.concatenate(probabilities, axis=1),
        np.concatenate(truth),
        np.concatenate(strokes),
    )


def _has_enough(
    held_out: HeldOutPredictions, class_ids: NDArray[np.integer[Any]]
) -> bool:
    """Return whether each class has enough held-out pixels and strokes."""
    return all(
        np.count_nonzero(here) >= MIN_HELD_OUT_PIXELS
        and np.unique(held_out.strokes[here]).size >= MIN_HELD_OUT_STROKES
        for here in (held_out.class_ids == i for i in class_ids)
    )


def _follow_edges(
    planes: Sequence[PaintedPlane],
    class_ids: Sequence[int],
    background_ids: Collection[int],
) -> Preference:
    """Return the preference for thresholds whose outlines lie on image edges.

    Parameters
    ----------
    planes
        Planes with strokes; those without an image are ignored.
    class_ids, background_ids
        See `suggest_rules`.
    """
    with_edges = [
        (quantize(plane.probabilities), edge_strength(plane.image))
        for plane in planes
        if plane.image is not None
    ]

    def preference(
        rules: Sequence[ClassRule], index: int
    ) -> NDArray[np.float64] | None:
        if class_ids[index] in background_ids:
            return None
        total = np.zeros(MAX_LEVEL)
        for levels, strength in with_edges:
            curve = edge_curve(levels, strength, rules, class_ids, index)
            # Weak edges say nothing about the outline.
            if curve.max() > MIN_EDGE_STRENGTH_RATIO * strength.mean():
                total += curve / curve.max()
        return total if total.any() else None

    return preference

"""Labels of an image from its probabilities, cleaned class by class.

The steps follow each other, each for all classes whose rule has it, in the order of the
classes:

1. Thresholds (`assign`).
2. *Smooth* (`smoothing`): the outlines of a class are smoothed.
3. *Fill holes* (`region_rules`): a hole is enclosed by a class, does not touch the
   border of the image and is not larger than the limit. It becomes that class.
4. *Remove* (`region_rules`): regions below the minimum size, above the maximum size or
   at the border of the image are removed, and all but the largest of the others. A
   removed region takes the label with which it shares most faces, so removing never
   leaves a new small region of another class. Without neighbours it becomes 0.

Pixels of a class form a region across faces, edges and corners. A hole is connected
across faces only, because a class that is connected diagonally separates it.

Pixels without data, where the probabilities of all classes are 0, become 0, or the
class whose rule takes them: no hole is filled there and no outline smoothed into them.

Some planes of a volume may be cleaned without the others, for instance while a slider
moves. A region that touches such an open end is larger than the part in these planes:
it is neither removed as too small, nor filled, nor compared for the largest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import check_probabilities, without_data

from .assign import Labels, assign_labels, label_dtype
from .region_rules import changeable_regions, clean_regions
from .regions import CLOSED, Integers, OpenEnds, find_regions
from .rules import (
    ClassRule,
    Rules,
    id_without_data,
    resolve_class_ids,
    resolve_rules,
)
from .smoothing import smooth_classes


def apply_rules(
    probabilities: npt.NDArray[np.generic],
    rules: Rules = None,
    *,
    class_ids: Sequence[int] | None = None,
    connected_axes: int | None = None,
    spacing: Sequence[float] | None = None,
    open_ends: OpenEnds = CLOSED,
) -> Labels:
    """Assign labels and clean them: all steps from probabilities to labels.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)``, see `assign_labels`.
    rules, class_ids
        See `assign_labels`.
    connected_axes
        Number of last axes along which pixels are neighbours: 2 treats a stack or time
        series plane by plane. All axes by default.
    spacing
        World units per pixel of each connected axis; 1 by default. Outlines are
        smoothed equally far along each axis; sizes are numbers of pixels.
    open_ends
        Whether the image continues before the first and after the last plane of the
        first connected axis.

    Returns
    -------
    ndarray
        ``(*spatial)`` uint8 or uint16 class ids, see `assign_labels`.

    Raises
    ------
    InputError
        If shapes, ids or values do not fit.
    """
    levels = check_probabilities(probabilities)
    ids = resolve_class_ids(class_ids, len(levels))
    resolved = resolve_rules(rules, ids)
    labels: Labels
    if connected_axes is None or all(rule.low is None for rule in resolved):
        labels = assign_labels(levels, resolved, class_ids=ids)
    else:
        leading = _leading_shape(levels.shape[1:], connected_axes)
        labels = np.empty(levels.shape[1:], label_dtype(ids))
        for index in np.ndindex(leading):
            plane = levels[(slice(None), *index)]
            labels[index] = assign_labels(plane, resolved, class_ids=ids)
    clean_in_place(
        labels,
        resolved,
        ids,
        connected_axes=connected_axes,
        spacing=spacing,
        open_ends=open_ends,
    )
    no_data = without_data(levels)
    if no_data is not None:
        labels[no_data] = id_without_data(resolved, ids)
    return labels


def clean_in_place(
    labels: Integers,
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    *,
    connected_axes: int | None = None,
    spacing: Sequence[float] | None = None,
    open_ends: OpenEnds = CLOSED,
) -> None:
    """Clean labels, in place.

    Parameters
    ----------
    labels
        ``(*spatial)`` integers, C-contiguous. Values other than class ids stay, unless
        they fill a hole.
    rules, class_ids
        Rule and id of each class; thresholds are not used.
    connected_axes, spacing, open_ends
        See `apply_rules`.

    Raises
    ------
    InputError
        If the axes or the spacing do not fit.
    """
    if not labels.size or not any(rule.cleans for rule in rules):
        return
    leading = _leading_shape(labels.shape, connected_axes)
    for index in np.ndindex(leading):
        part = labels[index] if leading else labels
        part = part.reshape(part.shape or (1,))
        smooth_classes(part, rules, class_ids, spacing)
        if any(rule.fill_holes or rule.removes for rule in rules):
            regions = find_regions(
                part,
                changeable=changeable_regions(rules, class_ids),
                open_ends=open_ends,
            )
            regions.paint(clean_regions(regions, rules, class_ids), part)


def _leading_shape(
    shape: tuple[int, ...], connected_axes: int | None
) -> tuple[int, ...]:
    """Return the lengths of the axes that do not connect pixels."""
    if connected_axes is None or connected_axes >= len(shape):
        return ()
    if connected_axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    return shape[: len(shape) - connected_axes]

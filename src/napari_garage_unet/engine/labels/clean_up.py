"""Cleaning labels, class by class.

The steps follow each other, each for all classes that ask for it in the order of the
classes:

1. *Smooth*: a pixel belongs to the class when more than half of its neighbourhood does;
   at exactly half it stays as it is. Pixels that a class loses go to the label that is
   most frequent around them.
2. *Fill holes*: what is enclosed by a class, does not touch the border of the image and
   is not larger than the limit becomes that class, whatever it was.
3. *Remove*: regions below the minimum, above the maximum or at the border of the image
   go, and all but the largest of those that are left. A removed region takes the label
   with which it shares most of its outline: a speck in the background becomes
   background, one in the undecided (0) becomes undecided. So removing never makes a new
   speck of another class. Without neighbours it becomes 0.

Pixels of a class form a region across faces, edges and corners; what a region encloses
is separated from the outside by it alone, hence is connected across faces only.

Of a volume a few planes may be looked at alone, for instance while a slider moves. What
reaches out of them is larger than what is seen of it: such a region is neither removed
as too small nor filled as a hole, and is no rival for the largest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import check_probabilities

from .assign import Labels, assign_labels, label_dtype
from .region_rules import changeable_regions, clean_regions
from .regions import CLOSED, Integers, OpenEnds, find_regions
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules
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
    """Decide and clean: all the way from probabilities to labels.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)``, see `assign_labels`.
    rules, class_ids
        See `assign_labels`.
    connected_axes
        How many of the last axes connect the pixels of a region: 2 treats a stack or
        time series plane by plane. All of them when left out.
    spacing
        World units per pixel of each connected axis; 1 when left out. Outlines are
        smoothed as far along each axis, sizes are numbers of pixels.
    open_ends
        Whether there is more of the image in front of the first and behind the last
        plane of the first connected axis.

    Returns
    -------
    labels
        ``(*spatial)`` uint8 or uint16, as from `assign_labels`.

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
        ``(*spatial)`` integers, C-contiguous. Values that are no class id stay, unless
        they fill a hole.
    rules, class_ids
        Rule and id of each class; thresholds are not looked at.
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
    if connected_axes is None or connected_axes >= len(shape):
        return ()
    if connected_axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    return shape[: len(shape) - connected_axes]

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

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.probabilities import check_probabilities

from .assign import Labels, assign_labels, label_dtype
from .regions import (
    CLOSED,
    Bool,
    Int,
    Integers,
    OpenEnds,
    Regions,
    find_regions,
)
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules


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


def smooth_classes(
    labels: Integers,
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    spacing: Sequence[float] | None = None,
) -> None:
    """Smooth the outlines of each class that asks for it, in place.

    The radius is in pixels along the last axis, and as long along the others.
    """
    step = (1.0,) * labels.ndim if spacing is None else spacing
    if len(step) != labels.ndim:
        raise InputError(
            f"The spacing needs a number for each of {labels.ndim} axes, not {step}."
        )
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.smooth:
            radii = [round(rule.smooth * step[-1] / s) for s in step]
            _smooth(labels, class_id, radii, class_ids)


def changeable_regions(
    rules: Sequence[ClassRule], class_ids: Sequence[int]
) -> Callable[[Integers, Int], Bool] | None:
    """Return what tells the regions that `clean_regions` may give another label.

    With minimal sizes alone, larger regions stay what they are, and it does not matter
    which of them touch. Everything else needs all contacts: None.
    """
    if any(
        rule.fill_holes
        or rule.max_size is not None
        or rule.clear_border
        or rule.keep_largest
        for rule in rules
    ):
        return None

    def changeable(labels: Integers, sizes: Int) -> Bool:
        small = np.zeros(labels.shape, bool)
        for rule, class_id in zip(rules, class_ids, strict=True):
            if rule.removes:
                small |= (labels == class_id) & (sizes < rule.min_size)
        return small

    return changeable


def clean_regions(
    regions: Regions, rules: Sequence[ClassRule], class_ids: Sequence[int]
) -> Integers:
    """Fill holes and remove regions.

    Returns
    -------
    ``(n_regions,)`` the new label of each region
    """
    labels = regions.labels.copy()
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.fill_holes:
            labels[_holes(regions, labels != class_id, rule.fill_holes)] = class_id
    values = np.array([*class_ids, 0])
    values = np.append(values, np.setdiff1d(labels, values))
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.removes:
            group, removed = _unwanted(regions, labels == class_id, rule)
            _give_to_neighbours(regions, labels, group, removed, values)
    return labels


def _holes(regions: Regions, others: Bool, limit: float) -> Bool:
    group, count = regions.join(others, diagonal=False)
    size, at_border, at_open_end = _group_properties(regions, group, count)
    return _members(group, ~at_border & ~at_open_end & (size <= limit))


def _unwanted(regions: Regions, own: Bool, rule: ClassRule) -> tuple[Int, Bool]:
    """Return the groups that a class's regions form and which of them have to go."""
    group, count = regions.join(own, diagonal=True)
    size, at_border, at_open_end = _group_properties(regions, group, count)
    removed = (size < rule.min_size) & ~at_open_end
    if rule.max_size is not None:
        removed |= size > rule.max_size
    if rule.clear_border:
        removed |= at_border
    rivals = ~removed & ~at_open_end
    if rule.keep_largest and rivals.any():
        largest = np.argmax(np.where(rivals, size, -1))
        removed |= rivals
        removed[largest] = False
    return group, removed


def _give_to_neighbours(
    regions: Regions,
    labels: Integers,
    group: Int,
    removed: Bool,
    values: Integers,
) -> None:
    """Give each removed group the label with most faces around it, in place.

    Of labels that have as many, the first one of `values`, which has all there are.
    """
    if not removed.any():
        return
    gone = _members(group, removed)
    sorter = np.argsort(values)
    counts = np.zeros(removed.size * values.size)
    for own, other in (regions.pairs, regions.pairs[::-1]):
        leaves = np.flatnonzero(gone[own])
        own, other, faces = own[leaves], other[leaves], regions.faces[leaves]
        outwards = np.flatnonzero(group[own] != group[other])
        own, other, faces = own[outwards], other[outwards], faces[outwards]
        index = sorter[np.searchsorted(values, labels[other], sorter=sorter)]
        counts += np.bincount(group[own] * values.size + index, faces, counts.size)
    table = counts.reshape(removed.size, values.size)
    winner = np.where(table.any(axis=1), values[table.argmax(axis=1)], 0)
    labels[gone] = winner[group[gone]]


def _group_properties(
    regions: Regions, group: Int, count: int
) -> tuple[Int, Bool, Bool]:
    """Return the pixels of each group, if it is at the border, and if it goes on."""
    member = group >= 0
    size = np.bincount(group[member], regions.sizes[member], count).astype(np.int64)
    at_border, at_open_end = (
        np.bincount(group[member & which], minlength=count) > 0
        for which in (regions.at_border, regions.at_open_end)
    )
    return size, at_border, at_open_end


def _members(group: Int, chosen: Bool) -> Bool:
    """Return which regions belong to a chosen group."""
    members: Bool = (group >= 0) & np.append(chosen, False)[group]
    return members


def _smooth(
    labels: Integers, class_id: int, radii: Sequence[int], class_ids: Sequence[int]
) -> None:
    own = labels == class_id
    if not own.any():
        return
    total = math.prod((radius + 1) ** 2 for radius in radii)
    counts = _neighbourhood(own, radii)
    lost = own & (counts < (total + 1) // 2)
    gained = ~own & (counts > total // 2)
    if lost.any():
        labels[lost] = _heirs(labels, class_id, radii, class_ids, lost)
    labels[gained] = class_id


def _heirs(
    labels: Integers,
    class_id: int,
    radii: Sequence[int],
    class_ids: Sequence[int],
    lost: Bool,
) -> Integers:
    """Return the most frequent other label around each pixel that a class loses."""
    present = set(np.unique(labels).tolist()) - {class_id}
    known = [i for i in (*class_ids, 0) if i in present]
    candidates = known + sorted(present - set(known))
    heir = np.full(np.count_nonzero(lost), candidates[0], labels.dtype)
    if len(candidates) > 1:
        best = _neighbourhood(labels == candidates[0], radii)[lost]
        for value in candidates[1:]:
            counts = _neighbourhood(labels == value, radii)[lost]
            heir[counts > best] = value
            np.maximum(best, counts, out=best)
    return heir


def _neighbourhood(mask: Bool, radii: Sequence[int]) -> npt.NDArray[np.unsignedinteger]:
    """Sum a mask under a pyramid of weights, the edge going on outside the image.

    Two moving sums of ``radius + 1`` pixels along each axis; whole numbers, hence the
    same wherever a tile begins.
    """
    total = math.prod((radius + 1) ** 2 for radius in radii)
    out = mask.astype(np.min_scalar_type(total))
    for axis, radius in enumerate(radii):
        pad = [(0, 0)] * mask.ndim
        pad[axis] = (radius, radius)
        out = np.pad(out, pad, mode="edge")
        for _ in range(2):
            out = _moving_sum(out, radius + 1, axis)
    return out


def _moving_sum(
    values: npt.NDArray[np.unsignedinteger], width: int, axis: int
) -> npt.NDArray[np.unsignedinteger]:
    length = values.shape[axis] - width + 1
    index = [slice(None)] * values.ndim
    index[axis] = slice(0, length)
    out = values[tuple(index)].copy()
    for start in range(1, width):
        index[axis] = slice(start, start + length)
        out += values[tuple(index)]
    return out


def _leading_shape(
    shape: tuple[int, ...], connected_axes: int | None
) -> tuple[int, ...]:
    if connected_axes is None or connected_axes >= len(shape):
        return ()
    if connected_axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    return shape[: len(shape) - connected_axes]

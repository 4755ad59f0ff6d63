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
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .decide import Labels, check_probabilities, decide, label_dtype
from .errors import InputError
from .regions import Bool, Int, Integers, Regions, find_regions
from .rules import ClassRule, Rules, resolve_class_ids, resolve_rules


def apply_rules(
    probabilities: npt.NDArray[np.generic],
    rules: Rules = None,
    *,
    class_ids: Sequence[int] | None = None,
    connected_axes: int | None = None,
) -> Labels:
    """Decide and clean: all the way from probabilities to labels.

    Parameters
    ----------
    probabilities
        ``(n_classes, *spatial)``, see `decide`.
    rules, class_ids
        See `decide`.
    connected_axes
        How many of the last axes connect the pixels of a region: 2 treats a stack or
        time series plane by plane. All of them when left out.

    Returns
    -------
    labels
        ``(*spatial)`` uint8 or uint16, as from `decide`.

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
        labels = decide(levels, resolved, class_ids=ids)
    else:
        leading = _leading_shape(levels.shape[1:], connected_axes)
        labels = np.empty(levels.shape[1:], label_dtype(ids))
        for index in np.ndindex(leading):
            plane = levels[(slice(None), *index)]
            labels[index] = decide(plane, resolved, class_ids=ids)
    clean_in_place(labels, resolved, ids, connected_axes=connected_axes)
    return labels


def clean(
    labels: Integers,
    rules: Rules,
    *,
    class_ids: Sequence[int],
    connected_axes: int | None = None,
) -> Integers:
    """Clean labels that exist already; thresholds are not looked at.

    Parameters
    ----------
    labels
        ``(*spatial)`` integer. Values that are no class id stay, but for holes.
    rules, class_ids, connected_axes
        See `apply_rules`.

    Returns
    -------
    a cleaned copy

    Raises
    ------
    InputError
        If the labels are no integers, or ids and rules do not fit.
    """
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"Labels have to be integers, not {labels.dtype}.")
    ids = resolve_class_ids(class_ids, len(class_ids))
    cleaned = labels.copy(order="C")
    clean_in_place(
        cleaned, resolve_rules(rules, ids), ids, connected_axes=connected_axes
    )
    return cleaned


def clean_in_place(
    labels: Integers,
    rules: Sequence[ClassRule],
    class_ids: Sequence[int],
    *,
    connected_axes: int | None = None,
) -> None:
    """Do what `clean` does in a C-contiguous array that is ours."""
    if not labels.size or not any(rule.cleans for rule in rules):
        return
    leading = _leading_shape(labels.shape, connected_axes)
    for index in np.ndindex(leading):
        part = labels[index] if leading else labels
        part = part.reshape(part.shape or (1,))
        smooth_classes(part, rules, class_ids)
        if any(rule.fill_holes or rule.removes for rule in rules):
            regions = find_regions(part)
            regions.paint(clean_regions(regions, rules, class_ids), part)


def smooth_classes(
    labels: Integers, rules: Sequence[ClassRule], class_ids: Sequence[int]
) -> None:
    """Smooth the outlines of each class that asks for it, in place."""
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.smooth:
            _smooth(labels, class_id, rule.smooth, class_ids)


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
    for rule, class_id in zip(rules, class_ids, strict=True):
        if rule.removes:
            group, removed = _unwanted(regions, labels == class_id, rule)
            _give_to_neighbours(regions, labels, group, removed, class_ids)
    return labels


def _holes(regions: Regions, others: Bool, limit: float) -> Bool:
    group, count = regions.join(others, diagonal=False)
    size, at_border = _group_properties(regions, group, count)
    return _members(group, ~at_border & (size <= limit))


def _unwanted(regions: Regions, own: Bool, rule: ClassRule) -> tuple[Int, Bool]:
    """Return the groups that a class's regions form and which of them have to go."""
    group, count = regions.join(own, diagonal=True)
    size, at_border = _group_properties(regions, group, count)
    removed = size < rule.min_size
    if rule.max_size is not None:
        removed |= size > rule.max_size
    if rule.clear_border:
        removed |= at_border
    if rule.keep_largest and not removed.all():
        largest = np.argmax(np.where(removed, -1, size))
        removed[:] = True
        removed[largest] = False
    return group, removed


def _give_to_neighbours(
    regions: Regions,
    labels: Integers,
    group: Int,
    removed: Bool,
    class_ids: Sequence[int],
) -> None:
    """Give each removed group the label with most faces around it, in place.

    When two labels have as many, the first class does, and 0 comes last.
    """
    if not removed.any():
        return
    values = np.array([*class_ids, 0])
    values = np.append(values, np.setdiff1d(labels, values))
    sorter = np.argsort(values)
    index = sorter[np.searchsorted(values, labels, sorter=sorter)]
    votes = np.zeros(removed.size * values.size)
    for own, other in (regions.pairs, regions.pairs[::-1]):
        from_group = group[own]
        counts = (from_group >= 0) & (from_group != group[other])
        votes += np.bincount(
            from_group[counts] * values.size + index[other[counts]],
            regions.faces[counts],
            votes.size,
        )
    table = votes.reshape(removed.size, values.size)
    winner = np.where(table.any(axis=1), values[table.argmax(axis=1)], 0)
    gone = _members(group, removed)
    labels[gone] = winner[group[gone]]


def _group_properties(regions: Regions, group: Int, count: int) -> tuple[Int, Bool]:
    """Return the pixels of each group and whether it touches the border."""
    member = group >= 0
    size = np.bincount(group[member], regions.sizes[member], count).astype(np.int64)
    at_border = np.bincount(group[member & regions.at_border], minlength=count) > 0
    return size, at_border


def _members(group: Int, chosen: Bool) -> Bool:
    """Return which regions belong to a chosen group."""
    members: Bool = (group >= 0) & np.append(chosen, False)[group]
    return members


def _smooth(
    labels: Integers, class_id: int, radius: int, class_ids: Sequence[int]
) -> None:
    own = labels == class_id
    if not own.any():
        return
    weights = np.concatenate([np.arange(1, radius + 2), np.arange(radius, 0, -1)])
    total = int(weights.sum()) ** labels.ndim
    votes = 2 * _neighbourhood(own, weights)
    lost = own & (votes < total)
    gained = ~own & (votes > total)
    if lost.any():
        best = np.zeros(np.count_nonzero(lost), votes.dtype)
        heir = np.zeros(best.size, labels.dtype)
        known = [i for i in (*class_ids, 0) if i != class_id]
        present = set(np.unique(labels).tolist()) - {class_id}
        for value in [i for i in known if i in present] + sorted(present - set(known)):
            count = _neighbourhood(labels == value, weights)[lost]
            heir[count > best] = value
            np.maximum(best, count, out=best)
        labels[lost] = heir
    labels[gained] = class_id


def _neighbourhood(mask: Bool, weights: Int) -> npt.NDArray[np.floating]:
    """Sum a mask under a pyramid of weights; whole numbers, hence exact."""
    exact = int(weights.sum()) ** mask.ndim < 1 << 23
    out: npt.NDArray[np.floating] = mask.astype(np.float32 if exact else np.float64)
    for axis in range(mask.ndim):
        ndimage.correlate1d(out, weights, axis, out, mode="nearest")
    return out


def _leading_shape(
    shape: tuple[int, ...], connected_axes: int | None
) -> tuple[int, ...]:
    if connected_axes is None or connected_axes >= len(shape):
        return ()
    if connected_axes < 1:
        raise InputError(f"At least one axis has to connect, not {connected_axes}.")
    return shape[: len(shape) - connected_axes]

"""Filling holes and removing regions, on the graph of the regions.

Regions are merged into groups: those of one class that touch each other, or those that
a class encloses. A rule gives all regions of a group another label; see `clean_up` for
the order of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .regions import Bool, Integers, Regions
from .rules import ClassRule
from .runs import Int


def changeable_regions(
    rules: Sequence[ClassRule], class_ids: Sequence[int]
) -> Callable[[Integers, Int], Bool] | None:
    """Return the test that selects the regions `clean_regions` may give another label.

    With minimum sizes alone, larger regions keep their label, so contacts between two
    of them do not matter. All other rules need all contacts.

    Returns
    -------
    callable or None
        See `find_regions`; None if any region may change.
    """
    if any(
        rule.fill_holes
        or rule.max_region_size is not None
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

    Parameters
    ----------
    regions
        Regions of the label image, after smoothing.
    rules, class_ids
        Rule and id of each class.

    Returns
    -------
    ndarray
        ``(n_regions,)`` new label of each region.
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
    """Return which regions lie in a hole.

    Parameters
    ----------
    regions
        All regions.
    others
        ``(n_regions,)`` bool, regions that do not belong to the class.
    limit
        Size in pixels up to which a hole is filled.

    Returns
    -------
    ndarray
        ``(n_regions,)`` bool.
    """
    group, count = regions.join(others, diagonal=False)
    size, at_border, at_open_end = _group_properties(regions, group, count)
    return _members(group, ~at_border & ~at_open_end & (size <= limit))


def _unwanted(regions: Regions, own: Bool, rule: ClassRule) -> tuple[Int, Bool]:
    """Return the groups of a class and which of them its rule removes.

    Parameters
    ----------
    regions
        All regions.
    own
        ``(n_regions,)`` bool, regions of the class.
    rule
        Rule of the class.

    Returns
    -------
    group
        ``(n_regions,)`` number of the group of each region, -1 for other classes.
    removed
        ``(n_groups,)`` bool.
    """
    group, count = regions.join(own, diagonal=True)
    size, at_border, at_open_end = _group_properties(regions, group, count)
    removed = (size < rule.min_size) & ~at_open_end
    if rule.max_region_size is not None:
        removed |= size > rule.max_region_size
    if rule.clear_border:
        removed |= at_border
    compared = ~removed & ~at_open_end
    if rule.keep_largest and compared.any():
        largest = np.argmax(np.where(compared, size, -1))
        removed |= compared
        removed[largest] = False
    return group, removed


def _give_to_neighbours(
    regions: Regions,
    labels: Integers,
    group: Int,
    removed: Bool,
    values: Integers,
) -> None:
    """Give each removed group the label with which it shares most faces, in place.

    Parameters
    ----------
    regions
        All regions.
    labels
        ``(n_regions,)`` label of each region; changed.
    group, removed
        See `_unwanted`.
    values
        All labels that occur; of labels that share as many faces the first one counts.
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
    """Return properties of each group.

    Returns
    -------
    size
        ``(count,)`` int64, pixels.
    at_border
        ``(count,)`` bool, whether it touches the border of the image.
    at_open_end
        ``(count,)`` bool, whether it touches an open end.
    """
    member = group >= 0
    size = np.bincount(group[member], regions.sizes[member], count).astype(np.int64)
    at_border, at_open_end = (
        np.bincount(group[member & which], minlength=count) > 0
        for which in (regions.at_border, regions.at_open_end)
    )
    return size, at_border, at_open_end


def _members(group: Int, chosen: Bool) -> Bool:
    """Return which regions belong to a chosen group.

    Parameters
    ----------
    group
        ``(n_regions,)`` number of the group of each region, -1 for none.
    chosen
        ``(n_groups,)`` bool.

    Returns
    -------
    ndarray
        ``(n_regions,)`` bool.
    """
    members: Bool = (group >= 0) & np.append(chosen, False)[group]
    return members

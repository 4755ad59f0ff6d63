"""Filling holes and removing regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .regions import Bool, Int, Integers, Regions
from .rules import ClassRule


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

"""The connected regions of a label image and their contacts, as a graph.

Cleaning needs sizes, holes and neighbours many times, for one class after the other and
at every move of a slider. So a label image is read once, as runs of equal labels along
its last axis (`runs`), and becomes a graph. A node is a set of pixels with one label
that is connected across faces. An edge is a contact with its number of pixel faces, 0
if two regions meet at an edge or corner only. A new label of a region is one number in
the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .graph import components, sum_contacts
from .runs import Int, contacts_of_runs

Bool = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]

OpenEnds = tuple[bool, bool]
"""Whether an image continues before its first and after its last plane."""

CLOSED: OpenEnds = (False, False)
"""The image is complete at both ends."""


@dataclass(frozen=True, slots=True)
class Regions:
    """A label image as a graph of its regions.

    Parameters
    ----------
    labels
        ``(n_regions,)`` label of each region, in the order of their first pixels.
    sizes
        ``(n_regions,)`` int64, pixels of each region.
    at_border
        ``(n_regions,)`` bool, whether it touches the border of the image. Axes of
        length 1 have no border.
    at_open_end
        ``(n_regions,)`` bool, whether it touches an end at which the image continues.
    pairs
        ``(2, n_contacts)`` regions in contact, the lower number first. A region that
        meets itself at a corner is in contact with itself.
    faces
        ``(n_contacts,)`` pixel faces in each contact.
    run_starts
        ``(n_runs,)`` flat index of the first pixel of each run, in C order; a run ends
        where the next begins.
    run_regions
        ``(n_runs,)`` region of each run.
    """

    labels: Integers
    sizes: Int
    at_border: Bool
    at_open_end: Bool
    pairs: Int
    faces: Int
    run_starts: Int
    run_regions: Int

    def join(self, members: Bool, *, diagonal: bool) -> tuple[Int, int]:
        """Join the members that touch each other.

        Parameters
        ----------
        members
            ``(n_regions,)`` bool.
        diagonal
            Whether contacts at edges and corners join, too.

        Returns
        -------
        group
            ``(n_regions,)`` number of the group of each member, -1 for other regions.
            Groups are in the order of their first pixels.
        count
            Number of groups.
        """
        first, second = self.pairs
        joins = members[first]
        joins &= members[second]
        if not diagonal:
            joins &= self.faces > 0
        nodes = np.flatnonzero(members)
        if not nodes.size:
            return np.full(members.size, -1), 0
        place = np.empty(members.size, first.dtype)
        place[nodes] = np.arange(nodes.size)
        joined = components(place[first[joins]], place[second[joins]], nodes.size)
        group = np.full(members.size, -1, joined.dtype)
        group[nodes] = joined
        return group, int(joined.max()) + 1

    def paint(self, labels: Integers, out: Integers) -> None:
        """Write the changed labels of regions into their image.

        Parameters
        ----------
        labels
            ``(n_regions,)`` new label of each region.
        out
            The image, C-contiguous; pixels of unchanged regions are not written.
        """
        changed = (labels != self.labels)[self.run_regions]
        starts = self.run_starts[changed]
        lengths = np.diff(self.run_starts, append=out.size)[changed]
        within = np.arange(lengths.sum()) - np.repeat(
            np.cumsum(lengths) - lengths, lengths
        )
        values = labels[self.run_regions[changed]].astype(out.dtype)
        out.reshape(-1)[np.repeat(starts, lengths) + within] = np.repeat(
            values, lengths
        )


def find_regions(
    labels: Integers,
    *,
    changeable: Callable[[Integers, Int], Bool] | None = None,
    open_ends: OpenEnds = CLOSED,
) -> Regions:
    """Find the regions of a label image.

    Parameters
    ----------
    labels
        ``(*spatial)`` integers, with any number of axes but none of length 0. Every
        value, 0 too, is a label with regions.
    changeable
        Takes the labels and the sizes of the regions, both ``(n_regions,)``, and
        returns bool of the same shape, which of them may get another label. Contacts
        between two of the others are left out; they are most of all contacts, which
        saves much of the time. All regions may change by default.
    open_ends
        Whether the image continues before the first and after the last plane of its
        first axis, if it has several. An open end is no border.
    """
    flat = labels.reshape(-1)
    width = labels.shape[-1]
    change = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::width] = True
    # Most of the time is spent moving these numbers, so they are small.
    kind = np.int32 if flat.size < 2**30 else np.int64
    starts: Int = np.flatnonzero(change).astype(kind)
    lengths = np.diff(starts, append=kind(flat.size))
    values = flat[starts]

    lines = starts // width
    places = starts - lines * width
    beside: Int = np.flatnonzero(places[1:]).astype(kind)
    apart = [(beside, beside + 1, np.ones(beside.size, kind))]
    joined = [(starts[:0], starts[:0])]
    for one, other, faces in contacts_of_runs(labels.shape, lines, places):
        if faces is None:
            apart.append((one, other, np.zeros(one.size, kind)))
            continue
        is_same = values[one] == values[other]
        same, unlike = np.flatnonzero(is_same), np.flatnonzero(~is_same)
        joined.append((one[same], other[same]))
        apart.append((one[unlike], other[unlike], faces[unlike]))
    region = components(
        np.concatenate([pair[0] for pair in joined]),
        np.concatenate([pair[1] for pair in joined]),
        starts.size,
    )
    count = int(region.max()) + 1
    region_labels = np.empty(count, labels.dtype)
    region_labels[region] = values
    sizes = np.bincount(region, lengths, count).astype(np.int64)
    if changeable is not None:
        may_change = changeable(region_labels, sizes)[region]
        for i, contacts in enumerate(apart):
            kept = np.flatnonzero(may_change[contacts[0]] | may_change[contacts[1]])
            apart[i] = contacts[0][kept], contacts[1][kept], contacts[2][kept]
    at_border, at_open_end = np.zeros(count, bool), np.zeros(count, bool)
    if width > 1:
        at_border[region[places == 0]] = True
        at_border[region[places + lengths == width]] = True
    border, beyond = _lines_at_ends(labels.shape[:-1], open_ends)
    at_border[region[border[lines]]] = True
    at_open_end[region[beyond[lines]]] = True
    pairs, summed = sum_contacts(
        region[np.concatenate([contacts[0] for contacts in apart])],
        region[np.concatenate([contacts[1] for contacts in apart])],
        np.concatenate([contacts[2] for contacts in apart]),
        count,
    )
    return Regions(
        labels=region_labels,
        sizes=sizes,
        at_border=at_border,
        at_open_end=at_open_end,
        pairs=pairs,
        faces=summed,
        run_starts=starts,
        run_regions=region,
    )


def _lines_at_ends(shape: tuple[int, ...], open_ends: OpenEnds) -> tuple[Bool, Bool]:
    """Return which lines lie at the border, and which at an open end.

    Parameters
    ----------
    shape
        Lengths of all axes but the last, which is the one of the lines.
    open_ends
        See `find_regions`.

    Returns
    -------
    at_border, beyond
        ``(n_lines,)`` bool. An axis of length 1 has no border, unless one of its ends
        is open.
    """
    at_border, beyond = np.zeros(shape, bool), np.zeros(shape, bool)
    for axis, length in enumerate(shape):
        is_open = CLOSED if axis else open_ends
        if length > 1 or any(is_open):
            for end, goes_on in zip((0, -1), is_open, strict=True):
                marked = beyond if goes_on else at_border
                np.moveaxis(marked, axis, 0)[end] = True
    return at_border.reshape(-1), beyond.reshape(-1)

"""The regions of a label image and who touches whom.

Cleaning asks for sizes, holes and neighbours again and again, for one class after the
other and for every move of a slider. So a label image is read once, as runs of equal
labels along its last axis, and becomes a graph: a node is a set of pixels of one label
joined across faces; an edge is a contact, with the number of faces in it, 0 where
two regions meet at an edge or corner only. Giving a region another label changes a
number in the graph, not pixels.

The runs are those of run-based component labelling (L. He, Y. Chao, K. Suzuki, "A
run-based two-scan labeling algorithm", IEEE Trans. Image Process. 17, 2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .graph import components, sum_contacts
from .runs import contacts_of_runs

Int = npt.NDArray[np.signedinteger]
Bool = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]

OpenEnds = tuple[bool, bool]
"""Whether an image goes on in front of what is there of it, and behind."""

CLOSED: OpenEnds = (False, False)


@dataclass(frozen=True, slots=True)
class Regions:
    """A label image as a graph of its regions.

    Parameters
    ----------
    labels
        ``(n_regions,)`` label of each region, in the order of their first pixels.
    sizes
        ``(n_regions,)`` pixels of each region.
    at_border
        ``(n_regions,)`` whether it touches the border of the image. Axes of length 1
        have no border.
    at_open_end
        ``(n_regions,)`` whether it touches an open end, where the image goes on.
    pairs
        ``(2, n_contacts)`` regions in contact, the lower one first; also a region with
        itself, where it meets itself at a corner.
    faces
        ``(n_contacts,)`` pixel faces in the contact.
    run_starts, run_regions
        First pixel (in C order) and region of each run; a run ends where the next
        begins.
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
        """Join those regions that are members and touch each other.

        Parameters
        ----------
        members
            ``(n_regions,)`` bool.
        diagonal
            Whether a contact without faces joins, too.

        Returns
        -------
        group
            ``(n_regions,)`` number of each member's group, -1 for the others. Groups
            are in the order of their first pixels.
        count
            How many groups there are.
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
        """Write changed labels of regions into the image they came from.

        Parameters
        ----------
        labels
            ``(n_regions,)`` the new label of each region.
        out
            The image, C-contiguous, in which only changed regions are written.
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
    """Read a label image once.

    Parameters
    ----------
    labels
        Integer, any number of axes but none of length 0. Every value, 0 too, is a
        label with regions.
    changeable
        Gets the labels and the sizes of the regions and says which of them may get
        another label. Contacts between two of the others, most of all contacts, are
        left out then, which saves much of the time. All of them may when left out.
    open_ends
        Whether there is more of the image in front of the first and behind the last
        plane of the first of several axes. An open end is no border.
    """
    flat = labels.reshape(-1)
    width = labels.shape[-1]
    change = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::width] = True
    # Small numbers: most of the time goes into moving them.
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

    An axis of length 1 has no border, unless there is more of it at one end.
    """
    at_border, beyond = np.zeros(shape, bool), np.zeros(shape, bool)
    for axis, length in enumerate(shape):
        is_open = CLOSED if axis else open_ends
        if length > 1 or any(is_open):
            for end, goes_on in zip((0, -1), is_open, strict=True):
                marked = beyond if goes_on else at_border
                np.moveaxis(marked, axis, 0)[end] = True
    return at_border.reshape(-1), beyond.reshape(-1)

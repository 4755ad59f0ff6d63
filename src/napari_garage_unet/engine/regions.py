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

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]


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
    pairs
        ``(2, n_contacts)`` regions in contact, in either order or both; also a region
        with itself, where it meets itself at a corner.
    faces
        ``(n_contacts,)`` pixel faces in the contact.
    run_starts, run_regions
        First pixel (in C order) and region of each run; a run ends where the next
        begins.
    """

    labels: Integers
    sizes: Int
    at_border: Bool
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
        group = _components(first[joins], second[joins], len(members))
        kept = np.zeros(int(group.max(initial=-1)) + 1, bool)
        kept[group[members]] = True
        number = np.cumsum(kept) - 1
        return np.where(members, number[group], -1), int(np.count_nonzero(kept))

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
        ends = np.append(self.run_starts[1:], out.size)[changed]
        lengths = ends - starts
        within = np.arange(lengths.sum()) - np.repeat(
            np.cumsum(lengths) - lengths, lengths
        )
        values = labels[self.run_regions[changed]].astype(out.dtype)
        out.reshape(-1)[np.repeat(starts, lengths) + within] = np.repeat(
            values, lengths
        )


def find_regions(labels: Integers) -> Regions:
    """Read a label image once.

    Parameters
    ----------
    labels
        Integer, any number of axes but none of length 0. Every value, 0 too, is a
        label with regions.
    """
    flat = labels.reshape(-1)
    width = labels.shape[-1]
    change = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::width] = True
    starts = np.flatnonzero(change)
    ends = np.append(starts[1:], flat.size)
    values = flat[starts]

    first, second, faces = _contacts(labels.shape, starts, ends)
    same = values[first] == values[second]
    same &= faces > 0
    region = _components(first[same], second[same], starts.size)
    apart = np.flatnonzero(~same)
    count = int(region.max()) + 1
    pairs, faces = _sum_contacts(
        region[first[apart]], region[second[apart]], faces[apart], count
    )

    region_labels = np.empty(count, labels.dtype)
    region_labels[region] = values
    at_border = np.zeros(count, bool)
    at_border[region[_runs_at_border(labels.shape, starts, ends)]] = True
    return Regions(
        labels=region_labels,
        sizes=np.bincount(region, ends - starts, count).astype(np.int64),
        at_border=at_border,
        pairs=pairs,
        faces=faces,
        run_starts=starts,
        run_regions=region,
    )


def _contacts(shape: tuple[int, ...], starts: Int, ends: Int) -> tuple[Int, Int, Int]:
    """Return the pairs of runs that touch and the faces between them.

    The runs cover the image, so the runs of a neighbouring line that touch a run are
    consecutive and found by one binary search.
    """
    width = shape[-1]
    opens_line = starts % width == 0
    ends_line = np.append(opens_line[1:], True)
    beside = np.flatnonzero(~ends_line)
    firsts, seconds, faces = [beside], [beside + 1], [np.ones_like(beside)]
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape) - 1)]
    for step in itertools.product((-1, 0, 1), repeat=len(strides)):
        if next((s for s in step if s), 0) != 1:
            continue  # the opposite step finds the same pairs
        shift = sum(s * stride for s, stride in zip(step, strides, strict=True))
        run = _runs_with_neighbour(shape, strides, step, starts)
        if not run.size:
            continue
        place = np.searchsorted(starts, starts + shift)
        place = np.append(place, np.searchsorted(starts, ends[-1] + shift))
        begin, stop, after = starts[run] + shift, ends[run] + shift, place[run + 1]
        # The other line may begin a run just where this one ends: a corner.
        corner = starts[np.minimum(after, starts.size - 1)] == stop
        corner &= ~ends_line[run]
        low = place[run] - ~opens_line[run]
        count = after - low + corner
        last = np.cumsum(count)
        other = np.arange(last[-1]) + np.repeat(low - last + count, count)
        firsts.append(np.repeat(run, count))
        seconds.append(other)
        if sum(map(abs, step)) == 1:
            overlap = np.minimum(np.repeat(stop, count), ends[other])
            overlap -= np.maximum(np.repeat(begin, count), starts[other])
            faces.append(overlap)
        else:
            faces.append(np.zeros_like(other))
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(faces)


def _runs_with_neighbour(
    shape: tuple[int, ...], strides: list[int], step: tuple[int, ...], starts: Int
) -> Int:
    """Return the runs whose line has a neighbour one step away."""
    inside = np.ones(starts.size, bool)
    for s, stride, length in zip(step, strides, shape[:-1], strict=True):
        if s:
            inside &= starts // stride % length != (length - 1 if s > 0 else 0)
    return np.flatnonzero(inside)


def _sum_contacts(first: Int, second: Int, faces: Int, count: int) -> tuple[Int, Int]:
    """Make one contact of all those between two regions."""
    index = (first.astype(np.int32), second.astype(np.int32))
    table = coo_array((faces, index), (count, count)).tocsr()
    rows = np.repeat(np.arange(count), np.diff(table.indptr))
    return np.stack([rows, table.indices.astype(np.int64)]), table.data


def _runs_at_border(shape: tuple[int, ...], starts: Int, ends: Int) -> Bool:
    at_border = np.zeros(starts.size, bool)
    if shape[-1] > 1:
        at_border |= (starts % shape[-1] == 0) | (ends % shape[-1] == 0)
    stride = shape[-1]
    for length in reversed(shape[:-1]):
        if length > 1:
            place = starts // stride % length
            at_border |= (place == 0) | (place == length - 1)
        stride *= length
    return at_border


def _components(first: Int, second: Int, count: int) -> Int:
    """Return the component of each node, numbered in the order of their first nodes."""
    edges = coo_array((np.ones(first.size, bool), (first, second)), (count, count))
    found, component = connected_components(edges, directed=False)
    numbered: Int = component.astype(np.int64)
    first_node = np.empty(found, np.int64)
    first_node[numbered[::-1]] = np.arange(count)[::-1]  # the last assignment stays
    if (np.diff(first_node) > 0).all():
        return numbered
    order = np.empty(found, np.int64)
    order[np.argsort(first_node)] = np.arange(found)
    return order[numbered]

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

Int = npt.NDArray[np.int32] | npt.NDArray[np.int64]
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
        lengths = np.diff(self.run_starts, append=out.size)[changed]
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

    first, second, faces = _contacts(change.reshape(labels.shape), starts)
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


def _contacts(change: Bool, starts: Int) -> tuple[Int, Int, Int]:
    """Return the pairs of runs that touch and the faces between them.

    Two neighbouring lines are cut wherever either of them begins a run. Between cuts
    one run lies beside one other.

    Parameters
    ----------
    change
        ``(*spatial)`` whether a run begins in a pixel.
    starts
        The flat indices of these pixels.
    """
    shape, width = change.shape, change.shape[-1]
    beside = np.flatnonzero(starts[1:] % width)
    firsts, seconds, faces = [beside], [beside + 1], [np.ones_like(beside)]
    for step in itertools.product((-1, 0, 1), repeat=len(shape) - 1):
        if next((s for s in step if s), 0) != 1:
            continue  # the opposite step finds the same pairs
        spans = list(zip(step, shape[:-1], strict=True))
        here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in spans)
        there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in spans)
        begins = np.ascontiguousarray(change[here]).reshape(-1)
        begins_there = np.ascontiguousarray(change[there]).reshape(-1)
        cuts = np.flatnonzero(begins | begins_there)
        if not cuts.size:
            continue
        opens, opens_there = begins[cuts], begins_there[cuts]
        first = _runs_of_lines(shape, here, starts)[np.cumsum(opens) - 1]
        second = _runs_of_lines(shape, there, starts)[np.cumsum(opens_there) - 1]
        firsts.append(first)
        seconds.append(second)
        if sum(map(abs, step)) == 1:
            faces.append(np.diff(cuts, append=begins.size))
        else:
            faces.append(np.zeros_like(cuts))
        # Where both begin a run inside their lines, four runs meet in a corner.
        corner = np.flatnonzero(opens & opens_there)
        corner = corner[cuts[corner] % width != 0]
        firsts += [first[corner], first[corner] - 1]
        seconds += [second[corner] - 1, second[corner]]
        faces += [np.zeros_like(corner)] * 2
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(faces)


def _runs_of_lines(
    shape: tuple[int, ...], lines: tuple[slice, ...], starts: Int
) -> Int:
    """Return the runs that lie in a box of lines, in order."""
    inside = np.ones(starts.size, bool)
    stride = int(np.prod(shape))
    for part, length in zip(lines, shape[:-1], strict=True):
        stride //= length
        if part.start > 0 or part.stop < length:
            place = starts // stride % length
            inside &= (place >= part.start) & (place < part.stop)
    return np.flatnonzero(inside)


def _sum_contacts(first: Int, second: Int, faces: Int, count: int) -> tuple[Int, Int]:
    """Make one contact of all those between two regions."""
    table = coo_array((faces, (first, second)), (count, count)).tocsr()
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
    numbered: Int = component
    first_node = np.empty(found, np.int64)
    first_node[numbered[::-1]] = np.arange(count)[::-1]  # the last assignment stays
    if (np.diff(first_node) > 0).all():
        return numbered
    order = np.empty(found, np.int64)
    order[np.argsort(first_node)] = np.arange(found)
    return order[numbered]

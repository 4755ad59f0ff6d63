"""Graphs of regions as arrays of their edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Int = npt.NDArray[np.signedinteger]


def sum_contacts(first: Int, second: Int, faces: Int, count: int) -> tuple[Int, Int]:
    """Make one contact of all those between two regions, the lower one first."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = _sort(high, count)
    order = order[_sort(low[order], count)]
    low, high = low[order], high[order]
    begins = np.ones(order.size, bool)
    begins[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    at = np.flatnonzero(begins)
    if not at.size:
        return np.stack([low, high]), faces
    return np.stack([low[at], high[at]]), np.add.reduceat(faces[order], at)


def _sort(values: Int, count: int) -> Int:
    """Sort numbers below `count`; those that are equal stay in order."""
    # Turning a sparse matrix over is a sort in linear time.
    n = values.size
    rows = np.arange(n + 1, dtype=values.dtype)
    table = csr_array((rows[:-1], values, rows), (n, count))
    order: Int = table.tocsc().data
    return order


def components(first: Int, second: Int, count: int) -> Int:
    """Return the component of each node, numbered in the order of their first nodes."""
    if (first[1:] < first[:-1]).any():
        order = np.argsort(first, kind="stable")
        first, second = first[order], second[order]
    pointer = np.zeros(count + 1, first.dtype)
    np.cumsum(np.bincount(first, minlength=count), out=pointer[1:])
    # Built by hand: scipy would sort each row and add up what is there twice.
    edges = csr_array((np.ones(first.size), second, pointer), (count, count))
    found, component = connected_components(edges, directed=False)
    numbered: Int = component
    first_node = np.empty(found, np.int64)
    first_node[numbered[::-1]] = np.arange(count)[::-1]  # the last assignment stays
    if (np.diff(first_node) > 0).all():
        return numbered
    order = np.empty(found, np.int64)
    order[np.argsort(first_node)] = np.arange(found)
    return order[numbered]

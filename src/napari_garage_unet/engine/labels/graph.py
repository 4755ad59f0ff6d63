"""Connected components and merged edges of a graph given as arrays of node numbers.

All steps take linear time; they run at every change of a threshold.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .runs import Int


def sum_contacts(first: Int, second: Int, faces: Int, count: int) -> tuple[Int, Int]:
    """Merge all contacts between the same two regions.

    Parameters
    ----------
    first, second
        ``(n,)`` regions in contact, in either order.
    faces
        ``(n,)`` pixel faces of each contact.
    count
        Number of regions.

    Returns
    -------
    pairs
        ``(2, n_merged)`` regions, the lower number first; sorted.
    faces
        ``(n_merged,)`` summed faces.
    """
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
    """Return the order that sorts numbers below `count`, stable and in linear time.

    Parameters
    ----------
    values
        ``(n,)`` integers from 0 to ``count - 1``.

    Returns
    -------
    ndarray
        ``(n,)`` indices into `values`.
    """
    # Conversion of a sparse matrix from rows to columns is a counting sort.
    n = values.size
    rows = np.arange(n + 1, dtype=values.dtype)
    table = csr_array((rows[:-1], values, rows), (n, count))
    order: Int = table.tocsc().data
    return order


def components(first: Int, second: Int, count: int) -> Int:
    """Return the connected component of each node.

    Parameters
    ----------
    first, second
        ``(n_edges,)`` nodes that an edge connects.
    count
        Number of nodes.

    Returns
    -------
    ndarray
        ``(count,)`` number of the component, from 0 in the order of their first nodes.
    """
    if (first[1:] < first[:-1]).any():
        order = np.argsort(first, kind="stable")
        first, second = first[order], second[order]
    pointer = np.zeros(count + 1, first.dtype)
    np.cumsum(np.bincount(first, minlength=count), out=pointer[1:])
    # Built from its parts, because scipy would sort each row and sum duplicates.
    edges = csr_array((np.ones(first.size), second, pointer), (count, count))
    found, component = connected_components(edges, directed=False)
    numbered: Int = component
    first_node = np.empty(found, np.int64)
    # Of several assignments to one index the last one stays.
    first_node[numbered[::-1]] = np.arange(count)[::-1]
    if (np.diff(first_node) > 0).all():
        return numbered
    order = np.empty(found, np.int64)
    order[np.argsort(first_node)] = np.arange(found)
    return order[numbered]

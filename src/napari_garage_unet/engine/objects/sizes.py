"""Objects of a wanted size: small pieces join a neighbour, what cannot is left out."""

from __future__ import annotations

import heapq
import itertools

import numpy as np
import numpy.typing as npt

from .relief import Int32


def fit_sizes(found: Int32, min_size: float, max_size: float | None) -> Int32:
    """Join pieces that are too small with their neighbours, and drop what does not fit.

    The smallest piece goes first, to the object it touches most; what it makes with it
    may be too small itself and goes on. Afterwards objects that are still smaller than
    `min_size`, because they touch no other, or larger than `max_size` are dropped.

    Parameters
    ----------
    found
        ``(*spatial)`` int32 object ids, 0 where there is no object.
    min_size, max_size
        Number of pixels; None for no largest size.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32; `found` itself if every object fits.
    """
    if not min_size and max_size is None:
        return found
    sizes = np.bincount(found.reshape(-1), minlength=1)
    sizes[0] = 0
    ids = np.flatnonzero(sizes)
    is_small = (sizes > 0) & (sizes < min_size)
    table = np.arange(sizes.size, dtype=np.int32)
    if is_small.any():
        table = _join_small(_contacts(found), sizes, min_size)
        sizes = np.bincount(table, sizes, sizes.size).astype(np.int64)
    fits = sizes >= min_size
    if max_size is not None:
        fits &= sizes <= max_size
    table = np.where(fits[table], table, 0).astype(np.int32)
    table[0] = 0
    if (table[ids] == ids).all():
        return found
    joined: Int32 = table[found]
    return joined


def _join_small(
    contacts: dict[int, dict[int, int]], sizes: npt.NDArray[np.int64], min_size: float
) -> Int32:
    """Return the id that each id becomes, small ones that of a neighbour."""
    size = {i: int(n) for i, n in enumerate(sizes) if n > 0}
    into: dict[int, int] = {}
    waiting = [(n, i) for i, n in size.items() if n < min_size]
    heapq.heapify(waiting)
    while waiting:
        n, i = heapq.heappop(waiting)
        if i in into or size[i] != n or not contacts.get(i):
            continue
        touching = contacts.pop(i)
        target = min(touching, key=lambda j: (-touching[j], j))
        into[i] = target
        size[target] += n
        del contacts[target][i]
        for j, length in touching.items():
            if j != target:
                del contacts[j][i]
                for one, other in ((j, target), (target, j)):
                    contacts[one][other] = contacts[one].get(other, 0) + length
        if size[target] < min_size:
            heapq.heappush(waiting, (size[target], target))
    table = np.arange(sizes.size, dtype=np.int32)
    for i in into:
        end = i
        while end in into:
            end = into[end]
        table[i] = end
    return table


def _contacts(found: Int32) -> dict[int, dict[int, int]]:
    """Count pairs of pixels of two objects that touch, across faces, edges or corners.

    Returns
    -------
    dict
        Number of pairs by both ids, in either order.
    """
    total: dict[int, dict[int, int]] = {}
    n_ids = int(found.max(initial=0)) + 1
    for shift in itertools.product((-1, 0, 1), repeat=found.ndim):
        if shift <= (0,) * found.ndim:  # each pair once
            continue
        here = found[tuple(slice(max(-s, 0), -s if s > 0 else None) for s in shift)]
        there = found[tuple(slice(max(s, 0), s if s < 0 else None) for s in shift)]
        touch = (here != there) & (here > 0) & (there > 0)
        low = np.minimum(here[touch], there[touch]).astype(np.int64)
        high = np.maximum(here[touch], there[touch])
        pairs, counts = np.unique(low * n_ids + high, return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            a, b = divmod(pair, n_ids)
            for one, other in ((a, b), (b, a)):
                of_one = total.setdefault(one, {})
                of_one[other] = of_one.get(other, 0) + count
    return total

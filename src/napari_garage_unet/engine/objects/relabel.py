"""Object ids that stay the same from one segmentation to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError

from .relief import Int32


def relabel_like(new: Int32, old: npt.NDArray[np.integer]) -> Int32:
    """Keep the ids of objects that are still there.

    Pairs of a new and an old object are taken by their common pixels, most first; each
    object is in one pair only. New objects without a partner get ids that nobody had.

    Parameters
    ----------
    new, old
        Objects of the same shape, 0 where none is.

    Returns
    -------
    `new` with other ids, int32

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if new.shape != old.shape:
        raise InputError(
            f"Objects of shape {new.shape} cannot be compared with objects of shape "
            f"{old.shape}."
        )
    ids = np.unique(new[new != 0])
    both = (new != 0) & (old != 0)
    pairs, common = np.unique(
        np.stack([new[both], old[both]]), axis=1, return_counts=True
    )
    order = np.argsort(-common, kind="stable")
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for mine, theirs in pairs[:, order].T.tolist():
        if mine not in partner and theirs not in taken:
            partner[mine] = theirs
            taken.add(theirs)
    fresh = int(old.max(initial=0))
    table = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    for mine in ids.tolist():
        if mine not in partner:
            fresh += 1
        table[mine] = partner.get(mine, fresh)
    return table[new]

"""Object ids that stay the same from one segmentation to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.errors import InputError

from .relief import Int32


def relabel_like(new: Int32, old: npt.NDArray[np.integer]) -> Int32:
    """Give new objects the ids of the old objects they overlap most.

    Pairs of a new and an old object are matched greedily by their common pixels, most
    first; each object is in one pair at most. New objects without a partner get ids
    above all old ones.

    Parameters
    ----------
    new
        ``(*spatial)`` int32 object ids, 0 where there is no object.
    old
        ``(*spatial)`` integer object ids of the same shape.

    Returns
    -------
    ndarray
        ``(*spatial)`` int32, `new` with other ids.

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
    for new_id, old_id in pairs[:, order].T.tolist():
        if new_id not in partner and old_id not in taken:
            partner[new_id] = old_id
            taken.add(old_id)
    fresh = int(old.max(initial=0))
    table = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    for new_id in ids.tolist():
        if new_id not in partner:
            fresh += 1
        table[new_id] = partner.get(new_id, fresh)
    return table[new]

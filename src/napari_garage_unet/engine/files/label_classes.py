"""What a file of labels says about its classes, besides their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelClass(NamedTuple):
    """A class of labels.

    Parameters
    ----------
    id
        Its value in the labels, at least 1.
    name
        Its name.
    color
        ``"#rrggbb"``.
    """

    id: int
    name: str
    color: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue from 0 to 255."""
        red, green, blue = bytes.fromhex(self.color.lstrip("#")[:6])
        return red, green, blue


def color_table(classes: Sequence[LabelClass]) -> NDArray[np.uint8]:
    """Return the colours of the ids 0 to 255, black where there is no class.

    Returns
    -------
    ndarray of shape (256, 3)
        Red, green and blue.
    """
    table = np.zeros((256, 3), np.uint8)
    for one in classes:
        if one.id < len(table):
            table[one.id] = one.rgb
    return table


def imagej_colors(classes: Sequence[LabelClass], highest: int) -> NDArray[np.uint8]:
    """Return the lookup table of ImageJ for labels shown from 0 to `highest`.

    ImageJ spreads its 256 colours over the range that is shown.

    Returns
    -------
    ndarray of shape (3, 256)
    """
    shown = np.rint(np.linspace(0, highest, 256)).astype(int)
    table = np.zeros((highest + 1, 3), np.uint8)
    for one in classes:
        if one.id <= highest:
            table[one.id] = one.rgb
    return np.ascontiguousarray(table[shown].T)


def ome_label_metadata(classes: Sequence[LabelClass]) -> dict[str, Any]:
    """Return colours and names as OME-Zarr keeps them under ``image-label``."""
    if not classes:
        return {}
    return {
        "colors": [{"label-value": c.id, "rgba": [*c.rgb, 255]} for c in classes],
        "properties": [{"label-value": c.id, "name": c.name} for c in classes],
    }

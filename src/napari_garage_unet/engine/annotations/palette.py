"""Default colours of classes.

The first seven are those of Okabe and Ito (2008, "Color universal design"), without
black, which cannot be seen on dark images. The others were added one at a time, each
the colour farthest (CIEDE2000) from those before it for normal sight and for three
simulated colour vision deficiencies (Machado, Oliveira and Fernandes 2009); no two of
the sixteen are closer than 10 for any of the four.
"""

from __future__ import annotations

from napari_garage_unet.engine.class_ids import check_class_ids

PALETTE: tuple[str, ...] = (
    "#e69f00",  # orange
    "#56b4e9",  # sky blue
    "#009e73",  # bluish green
    "#f0e442",  # yellow
    "#0072b2",  # blue
    "#d55e00",  # vermilion
    "#cc79a7",  # reddish purple
    "#78000f",  # dark red
    "#5a2d4b",  # plum
    "#c3f0c3",  # pale green
    "#1e0fb4",  # ultramarine
    "#2dffff",  # cyan
    "#874b4b",  # brown
    "#b42d0f",  # brick
    "#4b87ff",  # cornflower
    "#87c387",  # sage
)
"""Colours of the classes 1, 2, 3, ... as ``"#rrggbb"``."""


def color_for(class_id: int) -> str:
    """Default colour of a class.

    Parameters
    ----------
    class_id
        Id of the class, at least 1. After sixteen classes the colours start over.

    Returns
    -------
    str
        ``"#rrggbb"``, lower case.

    Raises
    ------
    InputError
        If `class_id` is no class id: 0 means unlabelled and has no colour.
    """
    check_class_ids([class_id], of="A class has")
    return PALETTE[(class_id - 1) % len(PALETTE)]

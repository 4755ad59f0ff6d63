"""How much of an image has no data, in a sentence."""

from __future__ import annotations

from math import prod

import numpy as np

from .image import Image
from .no_data import may_lack_data, pixels_without_data
from .sample import sample_planes

USUAL_VALUES = (-999, -9999, -99999, -32768, -(2**31))
"""Values that programs write where there is no data, besides numbers of
`HUGE` size."""

HUGE = 1e20

MIN_SHARE = 0.001
"""Share of a plane that has such a value, below which nothing is said."""

MIN_GAP = 0.25
"""How far all other values are from it, as a share of their range."""


def describe_no_data(image: Image, *, become: str = "class 0") -> str:
    """Say how much of an image has no data, why, and what becomes of it.

    Parameters
    ----------
    image
        The image; all its planes are read if any of its values can be missing.
    become
        What its pixels without data become, in words.

    Returns
    -------
    str
        A sentence; empty if all values are data.
    """
    if not may_lack_data(image):
        return ""
    n_missing = n_without = n_planes = n_empty = 0
    infinite = equal = False
    for index in image.plane_indices():
        plane = image.plane(index)
        n_planes += 1
        missing = image.missing_values(plane, index)
        if missing is None:
            continue
        n_missing += int(np.count_nonzero(missing))
        without = pixels_without_data(missing)
        if without is not None:
            n_without += int(np.count_nonzero(without))
            n_empty += bool(without.all())
        if plane.dtype.kind == "f":
            infinite = infinite or not np.isfinite(plane).all()
        equal = equal or bool(image.values_equal_to_nodata(plane).any())
    if not n_missing:
        return ""
    reasons = [
        *(["NaN or infinite"] if infinite else []),
        *([f"{image.nodata:g}"] if equal else []),
        *(["masked"] if image.data_mask is not None else []),
    ]
    why = ", ".join(reasons)
    if not n_without:
        share = percent(
            n_missing, n_planes * prod(image.plane_shape) * image.n_channels
        )
        return (
            f"{image.name}: {share} of its values are no data ({why}) and are taken "
            "from their neighbours."
        )
    share = percent(n_without, n_planes * prod(image.plane_shape))
    planes = f"; {n_empty} of {n_planes} planes hold none at all" if n_empty else ""
    return (
        f"{image.name}: {share} of its pixels hold no data ({why}) and become "
        f"{become}{planes}."
    )


def suspect_no_data(image: Image) -> str:
    """Say that a value of an image may stand for no data, which its file does not say.

    Parameters
    ----------
    image
        The image; some of its planes are read.

    Returns
    -------
    str
        A sentence; empty where a value or a mask is known, or none is suspicious.
    """
    if image.nodata is not None or image.data_mask is not None:
        return ""
    if np.dtype(image.data.dtype).kind not in "if":
        return ""
    for index in sample_planes(image):
        plane = image.plane(index)
        plane = plane[np.isfinite(plane)]
        for value in (plane.min(), plane.max()) if plane.size else ():
            rest = plane[plane != value]
            n = plane.size - rest.size
            is_usual = float(value) in USUAL_VALUES or abs(float(value)) >= HUGE
            if not is_usual or not rest.size or n < MIN_SHARE * plane.size:
                continue
            low, high = float(rest.min()), float(rest.max())
            if min(abs(low - float(value)), abs(high - float(value))) > MIN_GAP * (
                high - low
            ):
                return (
                    f"{image.name}: {percent(n, plane.size)} of its values are "
                    f"{value:g}; if these stand for no data, add --nodata={value:.9g}."
                )
    return ""


def percent(part: int, whole: int) -> str:
    """Return a share such as ``"20 %"``; what is there is never 0 %."""
    share = 100 * part / whole
    if share < 1:
        return "less than 1 %"
    return f"{min(round(share), 99) if part < whole else 100} %"

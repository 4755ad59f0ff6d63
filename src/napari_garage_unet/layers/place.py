"""Where a layer lies in the world, and how large its pixels are there.

napari keeps scale, translation, rotation, shear and an affine, and a unit per axis; an
`Image` has one size and one position per axis, in one unit. This is the one place where
the former becomes the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from napari_garage_unet.engine.images.units import MICROMETERS_PER_UNIT, unit_name

from .world import UNITLESS, Matrix, world_matrix

PLACE_EVENTS = ("scale", "translate", "rotate", "shear", "affine", "units")
"""Events of a layer that tell of another place."""

METRIC_UNITS = ("nanometer", "micrometer", "millimeter", "meter")
"""Units that lengths in other units, such as kilometers, are given in."""


@dataclass(frozen=True, slots=True)
class Place:
    """Pixel size and position of a layer without its channel axis.

    Parameters
    ----------
    spacing
        Size of a pixel along each axis, in `units`; along ``t`` the time between two
        frames.
    origin
        World coordinate of the centre of the first pixel along each axis, in `units`.
    units
        Name of the unit, see `Image.units`.
    flipped
        Letters of the axes along which world coordinates fall.
    notes
        Sentences about what of its place cannot be followed.
    """

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    units: str = "pixel"
    flipped: str = ""
    notes: tuple[str, ...] = ()


def place_of(layer: Layer, axes: str) -> Place:
    """Return pixel size and position of a layer.

    An affine counts as scale and translation do. In a layer that is rotated, sizes and
    positions are those along its own axes, beginning at the place of its first pixel.
    In one that is sheared, sizes along the axes are such that areas and volumes are
    right. Where sizes are not defined they are in pixels, and a note says so: with
    lengths along some axes of space only, a unit that is no length, or no extent.

    Parameters
    ----------
    layer
        An Image or Labels layer.
    axes
        One letter of ``"tzyxc"`` per axis of the layer.
    """
    keep = [i for i, letter in enumerate(axes) if letter != "c"]
    letters = "".join(axes[i] for i in keep)
    matrix = world_matrix(layer)
    linear, first = matrix[np.ix_(keep, keep)], matrix[keep, -1]
    at = [i for i, letter in enumerate(letters) if letter != "t"]
    units = [layer.units[keep[i]] for i in at]
    spacing = np.ones(len(keep))
    origin = np.zeros(len(keep))
    for i in set(range(len(keep))) - set(at):
        spacing[i], origin[i] = abs(linear[i, i]) or 1.0, first[i]
    problem = _why_pixels([letters[i] for i in at], units, linear, at)
    if problem:
        note = f"Sizes of {layer.name!r} are in pixels, because {problem}."
        return Place(_floats(spacing), _floats(origin), notes=(note,))
    name, factors = _common_unit(units, letters)
    space = linear[np.ix_(at, at)] * factors[:, np.newaxis]
    origin[at] = first[at] * factors
    spacing[at], is_sheared = _pixel_size(space)
    flipped = ""
    if np.count_nonzero(space) == len(at) and (np.diag(space) != 0).all():
        flipped = "".join(letters[at[i]] for i in np.flatnonzero(np.diag(space) < 0))
    notes: tuple[str, ...] = ()
    if is_sheared:
        notes = (
            f"{layer.name!r} is sheared: areas and volumes are right, lengths and "
            "distances are measured along its own axes.",
        )
    return Place(_floats(spacing), _floats(origin), name, flipped, notes)


def _why_pixels(
    letters: Sequence[str], units: Sequence[Any], linear: Matrix, at: Sequence[int]
) -> str:
    """Say why sizes along axes of space are not defined; empty if they are."""
    space = linear[np.ix_(at, at)]
    if not np.isfinite(space).all() or abs(np.linalg.det(space)) < 1e-300:
        return "its scale or affine leaves it no extent"
    others = [i for i in range(len(linear)) if i not in at]
    if linear[np.ix_(at, others)].any() or linear[np.ix_(others, at)].any():
        return "its affine mixes time and space"
    has_length = [unit.dimensionality == {"[length]": 1} for unit in units]
    if all(has_length):
        return ""
    strange = [str(unit) for unit in units if str(unit) not in UNITLESS]
    if not any(has_length) and not strange:
        return ""
    said = ", ".join(f"{a} in {u}" for a, u in zip(letters, units, strict=True))
    return f"its axes are not all measured in units of length ({said})"


def _common_unit(units: Sequence[Any], letters: str) -> tuple[str, Matrix]:
    """Return the unit of all axes of space, and what converts numbers to it."""
    if any(str(unit) in UNITLESS for unit in units):
        return "pixel", np.ones(len(units))
    sizes = [_micrometers(unit) for unit in units]
    at = letters.replace("t", "").index("x")
    name = unit_name(str(units[at]))
    if name not in MICROMETERS_PER_UNIT:
        away = {
            u: abs(np.log(sizes[at] / MICROMETERS_PER_UNIT[u])) for u in METRIC_UNITS
        }
        name = min(away, key=lambda u: float(away[u]))
    return name, np.array([size / MICROMETERS_PER_UNIT[name] for size in sizes])


def _micrometers(unit: Any) -> float:
    name = unit_name(str(unit))
    if name in MICROMETERS_PER_UNIT:
        return MICROMETERS_PER_UNIT[name]
    return float((1 * unit).to("micrometer").magnitude)


def _pixel_size(linear: Matrix) -> tuple[Matrix, bool]:
    """Return the size of a pixel along each axis, and whether it is sheared.

    The sizes are the steps along the axes where these are at right angles. Otherwise
    they are taken perpendicular to the axes before, as in napari's own scale, so that
    their product is the area or volume of a pixel.
    """
    gram = linear.T @ linear
    lengths = np.sqrt(np.diag(gram))
    between = gram / lengths / lengths[:, np.newaxis] - np.eye(len(gram))
    if np.abs(between).max(initial=0.0) < 1e-6:
        # Exactly as it was set, where it is only scaled.
        is_plain = np.count_nonzero(linear) == len(linear) and linear.diagonal().all()
        return np.abs(np.diag(linear)) if is_plain else lengths, False
    return np.abs(np.diag(np.linalg.qr(linear)[1])), True


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)

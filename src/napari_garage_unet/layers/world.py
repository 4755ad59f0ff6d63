"""World coordinates of layers: matrices, units, and what lies on what.

Numbers are what napari takes them for: units of the same kind are converted, and where
one layer has units that the other cannot be converted to, both count as plain numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from napari_garage_unet.engine.images.units import UNIT_SYMBOLS, unit_name

UNITLESS = ("pixel", "dimensionless")
"""Names of napari's units of an axis that is not measured."""

MAX_OFFSET_PIXELS = 0.5 + 1e-6
"""How far the pixels of two layers that lie on each other are apart at most.

Half a pixel is what the conventions about the place of a pixel, its centre or its
corner, differ by.
"""

Matrix = NDArray[np.float64]


def world_matrix(layer: Layer) -> Matrix:
    """Return the matrix from data to world coordinates, in the units of the layer.

    Returns
    -------
    ndarray of shape (ndim + 1, ndim + 1), float64
        The last column is where the centre of the first pixel lies.
    """
    affine = np.asarray(layer.affine.affine_matrix, float)
    own = np.eye(layer.ndim + 1)
    turned = np.asarray(layer.rotate, float) @ shear_matrix(layer)
    own[:-1, :-1] = turned * np.asarray(layer.scale, float)
    own[:-1, -1] = layer.translate
    found: Matrix = affine @ own
    return found


def shear_matrix(layer: Layer) -> Matrix:
    """Return the shear of a layer as a matrix, ``(ndim, ndim)``."""
    shear = np.asarray(layer.shear, float)
    if shear.ndim == 2:
        return shear
    matrix = np.eye(layer.ndim)
    matrix[np.triu_indices(layer.ndim, k=1)] = shear
    return matrix


def unit_factors(units: Sequence[Any], wanted: Sequence[Any] | None) -> Matrix:
    """Return what converts numbers in some units to others, as napari does it.

    Parameters
    ----------
    units
        Unit of each axis, as of a layer.
    wanted
        Units that numbers are wanted in, the last ones as many as `units`; None where
        there are none in common.

    Returns
    -------
    ndarray of shape (n_axes,), float64
        1 for each axis if a pair of units cannot be converted: napari takes numbers as
        they are then.
    """
    ones = np.ones(len(units))
    if wanted is None or len(wanted) < len(units):
        return ones
    wanted = tuple(wanted)[-len(units) :]
    if any(
        a.dimensionality != b.dimensionality for a, b in zip(units, wanted, strict=True)
    ):
        return ones
    return np.array(
        [
            1.0 if a == b else float((1 * a).to(b).magnitude)
            for a, b in zip(units, wanted, strict=True)
        ]
    )


def paired_axes(
    layer: Layer, target: Layer, keep: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Return which axes of a layer belong to which of another.

    Parameters
    ----------
    layer
        A layer with the axes of `keep` only, or one that napari aligns with `target`:
        by the last axes.
    target
        The other layer.
    keep
        Axes of `target` that count.

    Returns
    -------
    own, theirs : list of int
        Axes of `layer` and of `target`, as many of each.
    """
    if layer.ndim == len(keep):
        return list(range(layer.ndim)), list(keep)
    more = layer.ndim - target.ndim
    theirs = [i for i in keep if i + more >= 0]
    return [i + more for i in theirs], theirs


def index_matrix(layer: Layer, target: Layer, keep: Sequence[int]) -> Matrix | None:
    """Return the matrix from pixels of one layer to those of another where they lie.

    Parameters
    ----------
    layer, target, keep
        See `paired_axes`.

    Returns
    -------
    ndarray of shape (n + 1, n + 1), float64, or None
        For the n `paired_axes`; None if there are fewer than two, or `target` has no
        extent.
    """
    own, theirs = paired_axes(layer, target, keep)
    if len(own) < 2:
        return None
    factors = unit_factors(
        [layer.units[i] for i in own], [target.units[i] for i in theirs]
    )
    from_layer = _part(world_matrix(layer), own)
    from_layer[:-1] *= factors[:, np.newaxis]
    to_world = _part(world_matrix(target), theirs)
    if not np.isfinite(to_world).all() or abs(np.linalg.det(to_world)) < 1e-300:
        return None
    return np.asarray(np.linalg.solve(to_world, from_layer), np.float64)


def lies_on(
    layer: Layer, target: Layer, keep: Sequence[int], shape: Sequence[int]
) -> bool:
    """Return whether the pixels of a layer lie on those of another of the same index.

    Parameters
    ----------
    layer, target, keep
        See `paired_axes`.
    shape
        Number of pixels along the axes that count.
    """
    matrix = index_matrix(layer, target, keep)
    if matrix is None:
        return False
    theirs = paired_axes(layer, target, keep)[1]
    ends = [(0, n - 1) for i, n in zip(keep, shape, strict=True) if i in theirs]
    corners = np.array(list(itertools.product(*ends)), float)
    moved = corners @ matrix[:-1, :-1].T + matrix[:-1, -1]
    return bool((np.abs(moved - corners) <= MAX_OFFSET_PIXELS).all())


def differing_places(layer: Layer, other: Layer) -> str:
    """Say where two layers lie that do not lie on each other.

    Returns
    -------
    str
        The beginning of a sentence, such as ``"'a' lies at (40, 40), 'b' at (0, 0)"``.
    """
    one, two = world_matrix(layer), world_matrix(other)
    n = min(layer.ndim, other.ndim)
    factors = unit_factors(layer.units[-n:], other.units[-n:])
    if not np.allclose(one[-n - 1 : -1, -1] * factors, two[-n - 1 : -1, -1]):
        here, there = (
            _in_words(m[-n - 1 : -1, -1], x) for m, x in ((one, layer), (two, other))
        )
        return f"{layer.name!r} lies at {here}, {other.name!r} at {there}"
    steps = [
        _in_words(np.sqrt((m[-n - 1 : -1, -n - 1 : -1] ** 2).sum(axis=0)), x)
        for m, x in ((one, layer), (two, other))
    ]
    if steps[0] != steps[1]:
        return (
            f"{layer.name!r} has pixels of the size {steps[0]}, "
            f"{other.name!r} of {steps[1]}"
        )
    return f"{layer.name!r} and {other.name!r} are turned or sheared differently"


def _in_words(numbers: Matrix, layer: Layer) -> str:
    """Return numbers along the last axes of a layer with their unit."""
    units = [str(unit) for unit in layer.units[-len(numbers) :]]
    plain = [f"{float(number):.6g}" for number in numbers]
    if all(unit in UNITLESS for unit in units):
        return f"({', '.join(plain)})"
    symbols = [UNIT_SYMBOLS.get(unit_name(u), u) for u in units]
    if len(set(symbols)) == 1:
        return f"({', '.join(plain)}) {symbols[0]}"
    joined = (f"{n} {u}" for n, u in zip(plain, symbols, strict=True))
    return f"({', '.join(joined)})"


def _part(matrix: Matrix, axes: Sequence[int]) -> Matrix:
    """Return the part of a matrix of `world_matrix` that belongs to some axes."""
    return matrix[np.ix_([*axes, -1], [*axes, -1])]

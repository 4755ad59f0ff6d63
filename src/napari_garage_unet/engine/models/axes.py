"""Axes of arrays that are segmented with a model."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.arrangements import arrangements
from napari_garage_unet.engine.images.axes import check_axes
from napari_garage_unet.engine.images.guessing import (
    guess_axes,
    with_singletons,
    without_singletons,
)


def axes_like(shape: Sequence[int], axes: str, *, n_channels: int = 1) -> str:
    """Find the axes of an array from those of the images a model was trained on.

    Parameters
    ----------
    shape
        Shape of the array. Axes of length 1 do not count where the others fit.
    axes
        Axes in training. A stack may be segmented with a model of single planes, and
        the other way round.
    n_channels
        Channels in training.

    Returns
    -------
    str
        One letter per axis of the array; a guess from the shape alone where the axes
        in training do not fit.
    """
    shape = tuple(int(n) for n in shape)
    found = _fitting(shape, axes, n_channels)
    if found is not None:
        return found
    long = without_singletons(shape)
    if n_channels == 1:
        axes = axes.replace("c", "")
    found = _fitting(long, axes, n_channels)
    return guess_axes(shape) if found is None else with_singletons(shape, found)


def _fitting(shape: tuple[int, ...], axes: str, n_channels: int) -> str | None:
    """Return the axes in training with more or fewer planes; None if none fit."""
    plane = axes.replace("t", "").replace("z", "")
    stack = "".join(a for a in axes if a in "tz")
    missing = len(shape) - len(plane)
    if not 0 <= missing <= 2:
        return None
    letters = axes
    if len(shape) != len(axes):
        letters = ("", "z", "tz")[missing] if len(stack) != missing else stack
        letters += plane
    try:
        check_axes(letters, shape)
    except InputError:
        return None
    lengths = dict(zip(letters, shape, strict=True))
    if 1 in (lengths["y"], lengths["x"]) and sum(n > 1 for n in shape) >= 2:
        return None  # Another axis is a side of the planes.
    if letters != axes and not _is_sensible(shape, letters):
        return None  # Colours or bands are no side of planes.
    return letters if lengths.get("c", 1) == n_channels else None


def _is_sensible(shape: tuple[int, ...], axes: str) -> bool:
    """Whether the planes are not much narrower than those of another arrangement."""
    long = without_singletons(shape)
    letters = [a for a, n in zip(axes, shape, strict=True) if n != 1]
    return len(letters) != len(long) or "".join(letters) in arrangements(long)

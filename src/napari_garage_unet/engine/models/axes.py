"""Axes of arrays that are segmented with a model."""

from __future__ import annotations

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import check_axes, guess_axes


def axes_like(shape: tuple[int, ...], axes: str) -> str:
    """Find the axes of an array from those of the images a model was trained on.

    Parameters
    ----------
    shape
        Shape of the array.
    axes
        Axes in training. A stack may be segmented with a model of single planes, and
        the other way round.

    Returns
    -------
    str
        One letter per axis of the array.
    """
    if len(shape) == len(axes):
        return axes
    stack = "".join(a for a in axes if a in "tz")
    rest = axes.replace("t", "").replace("z", "")
    missing = len(shape) - len(rest)
    if missing < 0:
        return guess_axes(shape)
    letters = stack if len(stack) == missing else ("", "z", "tz", "")[min(missing, 3)]
    found = letters + rest
    try:
        check_axes(found, shape)
    except InputError:
        return guess_axes(shape)
    return found

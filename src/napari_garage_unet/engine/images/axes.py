"""Letters of axes: checked, or found from shapes."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.errors import InputError

AXES = "tzyxc"
"""Names of axes: time, depth, height, width and channel."""


def check_axes(axes: str, shape: Sequence[int], *, name: str = "image") -> None:
    """Check that letters name the axes of a shape.

    Parameters
    ----------
    axes
        Letters of `AXES`.
    shape
        Shape of the array.
    name
        Name of the image in error messages.

    Raises
    ------
    InputError
        If there is not one letter per axis, a letter is unknown or occurs twice, or
        ``y`` or ``x`` is missing.
    """
    if len(axes) != len(shape):
        raise InputError(
            f"{name} has {len(shape)} axes (shape {tuple(shape)}) but they are called "
            f"'{axes}'; give one letter of '{AXES}' per axis."
        )
    unknown = set(axes) - set(AXES)
    if unknown or len(set(axes)) != len(axes) or not {"y", "x"} <= set(axes):
        raise InputError(
            f"'{axes}' does not describe {name}: each of '{AXES}' may stand once, "
            "and y and x must be among them."
        )


def guess_axes(shape: Sequence[int]) -> str:
    """Guess the axes of an array from its shape.

    A last axis of length 3 or 4 behind two longer ones is colour (``c``), and so is the
    first of three axes when it has a length of 2 to 4 and the others are longer. A
    single axis left in front of ``yx`` is ``z``, two are ``tz``.

    Parameters
    ----------
    shape
        Shape of the array.

    Returns
    -------
    str
        One letter of `AXES` per axis.

    Raises
    ------
    InputError
        If there are not two to four axes besides channels.
    """
    n = len(shape)
    if n >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4:
        return _stack_letters(n - 3) + "yxc"
    if n == 3 and 2 <= shape[0] <= 4 and min(shape[1:]) > 4:
        return "cyx"
    return _stack_letters(n - 2) + "yx"


def axes_for_strokes(
    shape: Sequence[int], strokes_shape: Sequence[int], *, name: str = "image"
) -> str:
    """Find the axes of an image from the shape of its strokes.

    Strokes have every axis of the image but the channels, which decides between the
    readings that the shape of the image alone leaves open.

    Parameters
    ----------
    shape
        Shape of the image.
    strokes_shape
        Shape of the strokes.
    name
        Name of the image in error messages.

    Returns
    -------
    str
        One letter of `AXES` per axis of the image. A channel axis is the last one, or
        else the first, or else the one in front of ``yx``, whichever fits.

    Raises
    ------
    InputError
        If the shapes do not fit; the message gives both.
    """
    shape, strokes_shape = tuple(shape), tuple(strokes_shape)
    spatial = _stack_letters(len(strokes_shape) - 2) + "yx"
    if shape == strokes_shape:
        return spatial
    if len(shape) == len(strokes_shape) + 1:
        for at in (len(shape) - 1, 0, len(shape) - 3):
            if shape[:at] + shape[at + 1 :] == strokes_shape:
                return spatial[:at] + "c" + spatial[at:]
    raise InputError(
        f"{name} has shape {shape} and its strokes have shape {strokes_shape}; "
        "strokes need the image's shape without the channels. "
        "Make a new strokes layer for this image."
    )


def _stack_letters(n: int) -> str:
    if not 0 <= n <= 2:
        raise InputError(
            f"Images of two to four axes besides channels can be read, not {n + 2}."
        )
    return ("", "z", "tz")[n]

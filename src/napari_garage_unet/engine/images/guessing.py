"""Letters of axes that are found from shapes."""

from __future__ import annotations

from collections.abc import Sequence

from napari_garage_unet.engine.errors import InputError

MAX_BANDS = 32
"""Longest last axis that is taken for spectral bands."""

SIDE_PER_BAND = 4
"""Shortest side of a plane, as a multiple of the number of its bands."""


def guess_axes(shape: Sequence[int]) -> str:
    """Guess the axes of an array from its shape.

    Axes of length 1 do not count and get the letters that are left. Of the others, a
    last axis that is much shorter than the two in front of it is ``c``, as in pictures
    with colours or spectral bands; so is one of length 2 to 4 right in front of ``yx``,
    because stacks of so few planes are rarer than channels. A single axis that is left
    is ``z``, two are ``tz``; of three the shortest is ``c``.

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
        If there are not two to five axes longer than 1.
    """
    return with_singletons(shape, _guess_long(without_singletons(shape)))


def stack_axes(shape: Sequence[int]) -> str:
    """Return the axes of a stack of planes of a shape, which has no channels.

    Parameters
    ----------
    shape
        Shape of strokes, or of a colour picture without its colours.

    Returns
    -------
    str
        ``"yx"``, ``"zyx"`` or ``"tzyx"``, and letters for axes of length 1.

    Raises
    ------
    InputError
        If there are more than four axes longer than 1.
    """
    n = len(without_singletons(shape))
    return with_singletons(shape, _stack_letters(n - 2) + "yx")


def without_singletons(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the lengths of the axes that count: two at least, else those above 1."""
    return tuple(shape[i] for i in _long_axes(shape))


def with_singletons(shape: Sequence[int], letters: str) -> str:
    """Give the axes of length 1 letters, where those of the other axes are known.

    Parameters
    ----------
    shape
        Shape of the array.
    letters
        One letter per number of ``without_singletons(shape)``.

    Returns
    -------
    str
        One letter of `AXES` per axis of the array. Behind the last long axis it is
        ``c``; elsewhere the letter nearest to ``y`` goes to the axis nearest to it.

    Raises
    ------
    InputError
        If there are more axes than letters.
    """
    long = _long_axes(shape)
    found = dict(zip(long, letters, strict=True))
    free = [a for a in "ztc" if a not in letters]
    for i in range(long[-1] + 1, len(shape)):
        if "c" not in free:
            raise InputError(_too_many(len(shape)))
        free.remove("c")
        found[i] = "c"
    for i in sorted(set(range(len(shape))) - set(found), reverse=True):
        if not free:
            raise InputError(_too_many(len(shape)))
        found[i] = free.pop(0)
    return "".join(found[i] for i in range(len(shape)))


def _long_axes(shape: Sequence[int]) -> list[int]:
    long = [i for i, n in enumerate(shape) if n != 1]
    return long if len(long) >= 2 else list(range(max(len(shape) - 2, 0), len(shape)))


def _guess_long(shape: Sequence[int]) -> str:
    """Guess the axes of a shape without axes of length 1."""
    n = len(shape)
    if n >= 3 and _are_bands(shape[-1], min(shape[-3:-1])):
        return _stack_letters(n - 3) + "yxc"
    if n >= 3 and 2 <= shape[-3] <= 4 and min(shape[-2:]) > 4:
        return _stack_letters(n - 3) + "cyx"
    if n == 5:
        at = min(range(3), key=lambda i: shape[i])
        return "tz"[:at] + "c" + "tz"[at:] + "yx"
    return _stack_letters(n - 2) + "yx"


def _are_bands(last: int, side: int) -> bool:
    """Whether a last axis is colours or spectral bands of planes with that side."""
    return (last in (3, 4) and side > 4) or (
        last <= MAX_BANDS and side >= SIDE_PER_BAND * last
    )


def axes_for_strokes(
    shape: Sequence[int], strokes_shape: Sequence[int], *, name: str = "image"
) -> str:
    """Find the axes of an image from the shape of its strokes.

    Strokes have every axis of the image but the channels, which decides between the
    readings that the shape of the image alone leaves open. Axes of length 1 count on
    neither side.

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
        else the first, or else one further back, whichever fits.

    Raises
    ------
    InputError
        If the shapes do not fit; the message gives both.
    """
    long, painted = without_singletons(shape), without_singletons(strokes_shape)
    n = len(painted)
    if long == painted and n <= 4:
        return stack_axes(shape)
    if len(long) == n + 1 and n <= 4:
        spatial = _stack_letters(n - 2) + "yx"
        for at in (len(long) - 1, 0, len(long) - 3, 1):
            if long[:at] + long[at + 1 :] == painted:
                return with_singletons(shape, spatial[:at] + "c" + spatial[at:])
    raise InputError(
        f"{name} has shape {tuple(shape)} and its strokes have shape "
        f"{tuple(strokes_shape)}; strokes need the image's shape without the channels. "
        "Make a new strokes layer for this image."
    )


def _stack_letters(n: int) -> str:
    if not 0 <= n <= 2:
        raise InputError(_too_many(n + 2))
    return ("", "z", "tz")[n]


def _too_many(n: int) -> str:
    return f"Images of two to four axes besides channels can be read, not {n}."

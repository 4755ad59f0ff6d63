"""Letters of axes: decided, checked, or found from shapes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from napari_garage_unet.engine.errors import InputError

AXES = "tzyxc"
"""Names of axes: time, depth, height, width and channel."""

LETTER_BY_LABEL = {
    "time": "t",
    "frame": "t",
    "depth": "z",
    "plane": "z",
    "slice": "z",
    "height": "y",
    "row": "y",
    "width": "x",
    "column": "x",
    "channel": "c",
    "channels": "c",
    "band": "c",
}
"""Letters of the long axis labels that are understood, besides the letters."""

MAX_BANDS = 32
"""Longest last axis that is taken for spectral bands."""

SIDE_PER_BAND = 4
"""Shortest side of a plane, as a multiple of the number of its bands."""


class AxesSource(StrEnum):
    """Who says what the axes of an image mean, in the words of the dock."""

    PERSON = "as you said"
    LABELS = "by its axis labels"
    FILE = "by its file"
    SHAPE = "guessed from its shape"


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


def letters_of_labels(labels: Sequence[str]) -> str | None:
    """Return the letters of axis labels, or None if one is not understood.

    Parameters
    ----------
    labels
        One label per axis: a letter of `AXES` or a key of `LETTER_BY_LABEL`, in any
        case.

    Returns
    -------
    str or None
        One letter per axis; None as well where ``y`` or ``x`` is missing or a letter
        occurs twice.
    """
    plain = [str(label).strip().lower() for label in labels]
    letters = "".join(LETTER_BY_LABEL.get(label, label) for label in plain)
    understood = len(letters) == len(labels) == len(set(letters))
    return letters if understood and set("yx") <= set(letters) <= set(AXES) else None


def decide_axes(
    shape: Sequence[int],
    *,
    said: str | None = None,
    labels: Sequence[str] = (),
    stored: str | None = None,
    name: str = "image",
) -> tuple[str, AxesSource]:
    """Decide what the axes of an array mean, the one place where this is done.

    Parameters
    ----------
    shape
        Shape of the array.
    said
        Letters that a person has given; they are believed first.
    labels
        Axis labels of a layer, believed next if each is understood.
    stored
        Letters from the metadata of a file or of its reader.
    name
        Name of the image in error messages.

    Returns
    -------
    axes : str
        One letter of `AXES` per axis.
    source : AxesSource
        Who said so.

    Raises
    ------
    InputError
        If the letters that a person or a file gives do not fit the shape, or the shape
        alone does not tell.
    """
    if said is not None:
        check_axes(said, shape, name=name)
        return said, AxesSource.PERSON
    letters = letters_of_labels(labels)
    if letters is not None and len(letters) == len(shape):
        return letters, AxesSource.LABELS
    if stored is not None:
        check_axes(stored, shape, name=name)
        return stored, AxesSource.FILE
    return guess_axes(shape), AxesSource.SHAPE


def guess_axes(shape: Sequence[int]) -> str:
    """Guess the axes of an array from its shape.

    Axes of length 1 do not count and get the letters that are left. Of the others, a
    last axis that is much shorter than the two in front of it is ``c``, as in pictures
    with colours or spectral bands; so is one of length 2 to 4 right in front of ``yx``,
    because stacks of so few planes are rarer than channels. A single axis that is left
    is ``z``, two are ``tz``.

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
    long = [i for i, n in enumerate(shape) if n != 1]
    if len(long) < 2:
        long = list(range(max(len(shape) - 2, 0), len(shape)))
    letters = dict(zip(long, _guess_long([shape[i] for i in long]), strict=True))
    behind = [i for i in range(len(shape)) if i > long[-1]]
    free = [a for a in "tzc" if a not in letters.values()]
    for i in behind:
        if "c" not in free:
            raise InputError(_too_many(len(shape)))
        free.remove("c")
        letters[i] = "c"
    # The letter nearest to y goes to the axis nearest to it, and c is taken last.
    order = [a for a in "ztc" if a in free]
    for i in sorted(set(range(len(shape))) - set(letters), reverse=True):
        if not order:
            raise InputError(_too_many(len(shape)))
        letters[i] = order.pop(0)
    return "".join(letters[i] for i in range(len(shape)))


def _guess_long(shape: Sequence[int]) -> str:
    """Guess the axes of a shape without axes of length 1."""
    n = len(shape)
    if n >= 3 and _are_bands(shape[-1], min(shape[-3:-1])):
        return _stack_letters(n - 3) + "yxc"
    if n >= 3 and 2 <= shape[-3] <= 4 and min(shape[-2:]) > 4:
        return _stack_letters(n - 3) + "cyx"
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
        raise InputError(_too_many(n + 2))
    return ("", "z", "tz")[n]


def _too_many(n: int) -> str:
    return f"Images of two to four axes besides channels can be read, not {n}."

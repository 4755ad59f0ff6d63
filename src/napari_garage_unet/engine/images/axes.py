"""Letters of axes: decided and checked. `guessing` finds them from shapes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from napari_garage_unet.engine.errors import InputError

from .guessing import guess_axes

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

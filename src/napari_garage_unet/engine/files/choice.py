"""Which of several pictures in one file is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_garage_unet.engine.errors import InputError

SMALL_PART = 0.25
"""Part of the largest picture's pixels below which one is a preview or a label."""

_MOST_NAMED = 6
"""Pictures that a sentence lists."""


def choose_picture(
    sizes: Sequence[int], names: Sequence[str], number: int | None, path: Path
) -> tuple[int, str]:
    """Choose one of the pictures in a file.

    Parameters
    ----------
    sizes
        Pixels of a plane of each picture.
    names
        What each is in words, such as its shape.
    number
        Number that a person gave, counted from 0 as in tifffile and in the folders of
        OME-Zarr; None takes the first picture whose planes have at least `SMALL_PART`
        of the pixels of the largest, so that no preview, label or overview is read.
    path
        File, for error messages.

    Returns
    -------
    number : int
        Number of the picture.
    told : str
        End of a sentence that begins with the name of the file and says which one is
        read; empty if there is a single one or a person has chosen.

    Raises
    ------
    InputError
        If there is no picture of that number.
    """
    n = len(sizes)
    if number is not None:
        if not 0 <= number < n:
            last = "only picture 0" if n == 1 else f"the pictures 0 to {n - 1}"
            raise InputError(
                f"{path} has no picture {number}; it holds {last}, counted from 0."
            )
        return number, ""
    if n == 1:
        return 0, ""
    least = SMALL_PART * max(sizes)
    chosen = next(i for i, size in enumerate(sizes) if size >= least)
    listed = ", ".join(f"{i}: {name}" for i, name in enumerate(names[:_MOST_NAMED]))
    more = ", ..." if n > _MOST_NAMED else ""
    return chosen, (
        f"holds {n} pictures ({listed}{more}); number {chosen} is read, "
        "--series or series= takes another"
    )

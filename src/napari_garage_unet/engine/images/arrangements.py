"""What the axes of an image mean in words, and what else they could mean."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from .axes import AxesSource
from .guessing import guess_axes, with_singletons, without_singletons

WORDS = {
    "t": ("frame t", "frames t"),
    "z": ("plane z", "planes z"),
    "c": ("channel", "channels"),
}
"""Singular and plural of what an axis in front of the plane counts."""

SMALLEST_SHARE = 0.5
"""Shorter side of a sensible plane, as a share of the best arrangement's plane."""


def describe_axes(axes: str, shape: Sequence[int]) -> str:
    """Say in words what each axis of an array is.

    Parameters
    ----------
    axes
        One letter of ``"tzyxc"`` per axis.
    shape
        Shape of the array.

    Returns
    -------
    str
        Such as ``"48 frames t, 130 x 130"`` (with a multiplication sign); height comes
        before width. Axes of length 1 are left out.
    """
    lengths = dict(zip(axes, (int(n) for n in shape), strict=True))
    stack = [
        f"{lengths[axis]} {WORDS[axis][lengths[axis] != 1]}"
        for axis in axes
        if axis in WORDS and lengths[axis] != 1
    ]
    return ", ".join([*stack, f"{lengths['y']} \u00d7 {lengths['x']}"])


def arrangements(
    shape: Sequence[int], axes: str | None = None, *, letters: str = "ztc"
) -> tuple[str, ...]:
    """Return what the axes of an array could mean.

    Parameters
    ----------
    shape
        Shape of the array.
    axes
        What they mean now; always among those returned, and also where ``x`` comes
        before ``y``.
    letters
        What an axis besides ``y`` and ``x`` can be.

    Returns
    -------
    tuple of str
        Letters per axis, with ``y`` right in front of ``x``. An arrangement is left
        out where its planes are much narrower than those of another, or it has more
        channels than pixels along a side.
    """
    long = without_singletons(shape)
    n = len(long)
    found: list[tuple[int, str]] = []
    for at in reversed(range(n - 1)):
        for stack in itertools.permutations(letters, n - 2):
            of_long = "".join(stack[:at]) + "yx" + "".join(stack[at:])
            side = min(long[at], long[at + 1])
            channels = dict(zip(of_long, long, strict=True)).get("c", 0)
            if channels <= side:
                found.append((side, of_long))
    best = max((side for side, _ in found), default=0)
    kept = [a for side, a in found if side >= SMALLEST_SHARE * best]
    every = [with_singletons(shape, of_long) for of_long in kept]
    if axes is not None and axes not in every:
        every.insert(0, axes)
    return tuple(every)


def is_worth_saying(axes: str, shape: Sequence[int], source: AxesSource) -> bool:
    """Whether a person should hear how axes were taken.

    Parameters
    ----------
    axes, shape
        The axes of an array, and its shape.
    source
        Who says so.

    Returns
    -------
    bool
        Whether they are only a guess, and something else than a grey or colour picture.
    """
    long = without_singletons(shape)
    if source is not AxesSource.SHAPE or len(long) == 2:
        return False
    is_colour = len(long) == 3 and long[-1] in (3, 4) and axes.endswith("c")
    return not (is_colour and guess_axes(shape) == axes)

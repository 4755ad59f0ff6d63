"""Which strokes are held out to check the result.

The choice is made by a hash of class and place of a stroke, so it stays the same
between runs and when other strokes are added, as long as a class is not at its limits:
at least one stroke is held out, at most half of them. Strokes that become one keep the
place of one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from .box2d import hull, within
from .patches import Patch, Stroke, find_patches
from .stroke_index import StrokeIndex

MIN_STROKES_TO_HOLD_OUT = 5
"""A class with fewer strokes needs each of them to learn from."""


def hold_out(
    planes: Sequence[tuple[tuple[int, ...], StrokeIndex]], share: float
) -> list[list[Stroke]]:
    """Choose the strokes that are held out.

    Parameters
    ----------
    planes
        Numbers that tell each plane from the others, and its strokes.
    share
        Share of the strokes to hold out, 0 to 0.5. A class with fewer than
        `MIN_STROKES_TO_HOLD_OUT` strokes in all planes together keeps all of them.

    Returns
    -------
    list of list of Stroke
        The held-out strokes of each plane, as `find_strokes` finds them on a plane
        without the others: blocks of one patch that touch are one stroke.
    """
    if share <= 0:
        return [[] for _ in planes]
    draws: dict[int, list[tuple[float, int, Patch, Stroke]]] = {}
    for at, (key, index) in enumerate(planes):
        for patch in index.patches:
            for stroke, place in zip(patch.strokes, patch.places, strict=True):
                draw = _hash((*key, stroke.class_id, *place))
                draws.setdefault(stroke.class_id, []).append((draw, at, patch, stroke))
    chosen: list[dict[Patch, list[Stroke]]] = [{} for _ in planes]
    for entries in draws.values():
        if len(entries) < MIN_STROKES_TO_HOLD_OUT:
            continue
        # The draw of each stroke depends on itself alone, which keeps it stable; the
        # lowest draw stands in when the share would leave a class unchecked.
        entries.sort(key=lambda entry: entry[0])
        drawn = [entry for entry in entries if entry[0] < share] or entries[:1]
        for _, at, patch, stroke in drawn[: len(entries) // 2]:
            chosen[at].setdefault(patch, []).append(stroke)
    return [_joined(of_plane) for of_plane in chosen]


def _joined(chosen: dict[Patch, list[Stroke]]) -> list[Stroke]:
    """Join the chosen blocks of each patch where they touch."""
    patches: list[Patch] = []
    for patch, blocks in chosen.items():
        if len(patch.strokes) == 1:
            patches.append(patch)
            continue
        region = hull([block.box for block in blocks])
        canvas = np.zeros([span.stop - span.start for span in region], np.int32)
        for block in blocks:
            canvas[within(region, block.box)][block.mask] = block.class_id
        patches += find_patches(canvas, (region[0].start, region[1].start))
    patches.sort(key=lambda patch: patch.first_pixel)
    return [stroke for patch in patches for stroke in patch.strokes]


def _hash(place: tuple[int, ...]) -> float:
    digest = hashlib.blake2b(repr(place).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64

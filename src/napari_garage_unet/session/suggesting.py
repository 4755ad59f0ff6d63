"""Thresholds for a result, found on its strokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.config import TrainingConfig
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.rules import ClassRule
from napari_garage_unet.engine.strokes import collect_strokes, painted_ids
from napari_garage_unet.engine.tuning import Suggestion, suggest_rules

from .result import Result

MOST_PIXELS = 50_000
"""Stroke pixels that are compared; more would take long and say the same."""

ENOUGH = 50
"""Held-out pixels of each painted class from which on they alone are asked."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A suggestion for a result.

    Parameters
    ----------
    suggestion
        Thresholds, IoU and curves, in the order of `class_ids`.
    class_ids
        The classes of the result.
    held_out
        Whether only strokes that were not learnt from were asked.
    """

    suggestion: Suggestion
    class_ids: tuple[int, ...]
    held_out: bool

    @property
    def rules(self) -> dict[int, ClassRule]:
        """The suggested rules by class id."""
        return dict(zip(self.class_ids, self.suggestion.rules, strict=True))


def advise(result: Result) -> Advice:
    """Look for the thresholds of a result that fit its strokes best.

    Runs beside the main thread; only reads.

    Raises
    ------
    InputError
        If no stroke lies on a plane that has been computed.
    """
    strokes = result.bound.strokes
    if strokes is None:
        raise InputError(
            f"{result.bound.name} has no strokes to compare with; paint some first."
        )
    share = TrainingConfig().held_out
    planes = collect_strokes([result.image], [strokes.data], held_out=share)
    rows: list[NDArray[np.uint8]] = []
    ids: list[NDArray[np.int32]] = []
    held: list[NDArray[np.bool_]] = []
    for plane in planes:
        levels = result.probabilities(plane.index)
        if levels is None:
            continue
        mask = np.isin(plane.strokes, result.class_ids)
        rows.append(levels[:, mask])
        ids.append(plane.strokes[mask])
        held.append(plane.held_out[mask])
    if not rows:
        raise InputError(
            "No stroke lies on a plane that has been segmented; segment that plane."
        )
    levels, truth = np.concatenate(rows, axis=1), np.concatenate(ids)
    apart = np.concatenate(held)
    painted = [i for i in painted_ids(planes) if i in result.class_ids]
    enough = all(np.count_nonzero(apart & (truth == i)) >= ENOUGH for i in painted)
    if enough:
        levels, truth = levels[:, apart], truth[apart]
    if truth.size > MOST_PIXELS:
        chosen = np.random.default_rng(0).choice(truth.size, MOST_PIXELS, replace=False)
        levels, truth = levels[:, chosen], truth[chosen]
    suggestion = suggest_rules(
        levels, truth, class_ids=result.class_ids, rules=result.rules
    )
    return Advice(suggestion, result.class_ids, enough)

"""Rules for a result, found on its strokes."""

from __future__ import annotations

from napari_garage_unet.engine.advice import Advice, PaintedPlane
from napari_garage_unet.engine.advice import advise as advise_on
from napari_garage_unet.engine.config import TrainingConfig
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.strokes import collect_strokes

from .result import Result

__all__ = ["Advice", "advise"]


def advise(result: Result) -> Advice:
    """Look for the rules of a result that fit its strokes best.

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
    planes = []
    for plane in collect_strokes([result.image], [strokes.data], held_out=share):
        levels = result.probabilities(plane.index)
        if levels is not None:
            planes.append(PaintedPlane(levels, plane.strokes, plane.held_out))
    if not planes:
        raise InputError(
            "No stroke lies on a plane that has been segmented; segment that plane."
        )
    return advise_on(
        planes,
        class_ids=result.class_ids,
        rules=result.rules,
        background_ids=[info.id for info in result.classes if info.background],
    )

"""Rules for a result, found on its strokes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from napari_garage_unet.engine.advice import Advice, PaintedPlane, PaintedVolume
from napari_garage_unet.engine.advice import advise as advise_on
from napari_garage_unet.engine.config import TrainingConfig
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.image import PlaneIndex
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
    planes, indices = [], []
    for plane in collect_strokes([result.image], [strokes.data], held_out=share):
        levels = result.probabilities(plane.index)
        if levels is not None:
            planes.append(
                PaintedPlane(
                    levels,
                    plane.strokes,
                    plane.held_out,
                    result.image.plane(plane.index),
                )
            )
            indices.append(plane.index)
    if not planes:
        raise InputError(
            "No stroke lies on a plane that has been segmented; segment that plane."
        )
    return advise_on(
        planes,
        class_ids=result.class_ids,
        rules=result.rules,
        background_ids=[info.id for info in result.classes if info.background],
        volumes=_volumes(result, indices) if "z" in result.image.stack_axes else None,
    )


def _volumes(result: Result, indices: Sequence[PlaneIndex]) -> Iterator[PaintedVolume]:
    """What has been computed of the volumes in which these planes lie."""
    image, strokes = result.image, result.bound.strokes
    assert strokes is not None
    for block in {result.computed_around(index) for index in indices}:
        yield PaintedVolume(
            block.part_of(result.kept_probabilities, image),
            block.part_of(np.asarray(strokes.data), image),
            block.spacing(image),
        )

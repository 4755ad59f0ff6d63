"""Suggested rules for a result, found on its strokes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from napari_garage_unet.engine.annotations.strokes import collect_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.engine.models.held_out_predictions import HeldOutPredictions
from napari_garage_unet.engine.models.loading import read_held_out
from napari_garage_unet.engine.suggestions.painted import PaintedPlane, PaintedVolume
from napari_garage_unet.engine.suggestions.rule_suggestion import RuleSuggestion
from napari_garage_unet.engine.suggestions.suggest import (
    suggest_rules as suggest_rules_for,
)
from napari_garage_unet.session.results.result import Result

__all__ = ["RuleSuggestion", "suggest_rules"]


def suggest_rules(result: Result, model_file: Path | None = None) -> RuleSuggestion:
    """Find the rules of a result that fit its strokes best; thread-safe.

    Parameters
    ----------
    result
        A result with strokes on planes that have been computed.
    model_file
        File of the model that computed it, with predictions of strokes that were held
        out of training; without one, all strokes are compared with the result.

    Raises
    ------
    InputError
        If no stroke lies on a plane that has been computed.
    ModelFileError
        If the file is damaged.
    """
    strokes = result.annotated.strokes
    if strokes is None:
        raise InputError(
            f"{result.annotated.name} has no strokes to compare with; paint some first."
        )
    planes, indices = [], []
    painted = [result.annotated.painted_data]
    for plane in collect_strokes([result.image], painted):
        levels = result.probabilities(plane.index)
        if levels is not None:
            planes.append(
                PaintedPlane(
                    levels,
                    plane.strokes,
                    result.image.plane(plane.index),
                )
            )
            indices.append(plane.index)
    if not planes:
        raise InputError(
            "No stroke lies on a plane that has been segmented; segment that plane."
        )
    return suggest_rules_for(
        planes,
        class_ids=result.class_ids,
        rules=result.rules,
        background_ids=[info.id for info in result.classes if info.background],
        volumes=_volumes(result, indices) if "z" in result.image.stack_axes else None,
        held_out=_held_out(result, model_file),
    )


def _held_out(result: Result, model_file: Path | None) -> HeldOutPredictions | None:
    # There is no file before the first checkpoint of a training.
    if model_file is None or not model_file.is_file():
        return None
    answers = read_held_out(model_file)
    # Of a training that has gone on with other classes since, rows would be mixed up.
    known = answers is not None and len(answers.levels) == len(result.class_ids)
    return answers if known else None


def _volumes(result: Result, indices: Sequence[PlaneIndex]) -> Iterator[PaintedVolume]:
    """Return what has been computed of the volumes in which these planes lie."""
    image, strokes = result.image, result.annotated.painted_data
    for slab in {result.computed_around(index) for index in indices}:
        levels = result.slab_probabilities(slab)
        assert levels is not None  # painted planes were computed
        yield PaintedVolume(
            levels,
            slab.part_of(np.asarray(strokes), image),
            slab.spacing(image),
        )

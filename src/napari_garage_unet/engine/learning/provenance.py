"""Provenance of a model: how it was trained, as its file records it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from napari_garage_unet.engine.annotations.strokes import StrokedPlane, painted_ids
from napari_garage_unet.engine.compute.backend import versions
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.settings import to_json

from .config import TrainingConfig


def describe_training(
    config: TrainingConfig,
    images: Sequence[Image],
    stroked: Sequence[StrokedPlane],
    *,
    steps: int,
    seconds: float,
    validated: bool,
    accuracy: float | None,
) -> dict[str, Any]:
    """Describe a training as JSON.

    Parameters
    ----------
    config
        Settings of training.
    images, stroked
        The images and their planes with strokes.
    steps, seconds
        Steps taken and seconds spent, in all runs together.
    validated
        Whether held-out strokes check the model.
    accuracy
        Mean over the classes of the share of held-out pixels that are right, 0 to 1;
        None if there are none.
    """
    return {
        "steps": steps,
        "seconds": round(seconds, 2),
        "validated": validated,
        "accuracy": None if accuracy is None else round(accuracy, 4),
        "images": [image.name for image in images],
        "held_out_strokes": sum(len(plane.held_out_strokes) for plane in stroked),
        "stroke_pixels": {
            str(i): sum(int((plane.strokes == i).sum()) for plane in stroked)
            for i in painted_ids(stroked)
        },
        "training": to_json(config),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
    }

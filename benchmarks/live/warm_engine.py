"""The time from Train to the first step and preview, with a warm engine process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_garage_unet.engine.settings import to_json
from napari_garage_unet.process.client.client import EngineClient
from napari_garage_unet.process.protocol.messages import (
    LIVE,
    Done,
    Event,
    Failed,
    OpenImage,
    Predict,
    Predicted,
    Progress,
    Ready,
    SetStrokes,
    Stop,
    Train,
    Trained,
    Warm,
)
from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
from napari_garage_unet.samples import GARAGE_CLASSES, garage

PAINTING_SECONDS = 5.0
"""Time in which a person looks and paints before pressing Train."""

PATIENCE_SECONDS = 300.0


@dataclass
class _Viewer:
    client: EngineClient = field(default_factory=EngineClient)
    seen: list[Event] = field(default_factory=list)

    def wait(self, found: Callable[[Event], bool]) -> Event:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            self.seen += self.client.poll()
            for event in self.seen:
                if isinstance(event, Failed):
                    raise RuntimeError(str(event))
                if found(event):
                    self.seen.remove(event)
                    return event
            time.sleep(0.002)
        raise TimeoutError("The engine did not answer.")

    def ask(self, kind: Callable[..., Any], *values: Any, **options: Any) -> int:
        request = kind(self.client.next_id(), *values, **options)
        self.client.send(request)
        number: int = request.id
        return number

    def done(self, number: int) -> None:
        self.wait(lambda e: isinstance(e, Done) and e.id == number)


def time_first_preview(*, runs: int) -> dict[str, list[float]]:
    """Press Train on the garage photograph and wait for a preview of all of it.

    Each run has a new engine process, which is warm and has had the image and the
    strokes for some seconds, as it has while a person paints.

    Parameters
    ----------
    runs
        Number of runs.

    Returns
    -------
    dict
        Seconds of each run from Train to ``"first step"`` and ``"first preview"``.
    """
    sample = garage()
    painted = sample.strokes
    classes = tuple(to_json(info) for info in GARAGE_CLASSES)
    image, paint = SharedBlock.copy_of(sample.left), SharedBlock.copy_of(painted)
    result = SharedBlock.copy_of(np.zeros((len(classes), *painted.shape), np.uint8))
    seconds: dict[str, list[float]] = {"first step": [], "first preview": []}
    for _ in range(runs):
        viewer = _Viewer()
        viewer.client.start()
        try:
            viewer.wait(lambda e: isinstance(e, Ready))
            viewer.done(
                viewer.ask(OpenImage, "garage", image.description, "yxc", (), "garage")
            )
            viewer.done(viewer.ask(SetStrokes, "garage", paint.description))
            viewer.wait(lambda e: isinstance(e, Warm))
            time.sleep(PAINTING_SECONDS)
            start = time.perf_counter()
            training = viewer.ask(Train, ("garage",), classes)
            viewer.wait(lambda e: isinstance(e, Progress))
            seconds["first step"].append(time.perf_counter() - start)
            viewer.ask(Predict, LIVE, "garage", (), result.description)
            viewer.wait(lambda e: isinstance(e, Predicted))
            seconds["first preview"].append(time.perf_counter() - start)
            viewer.ask(Stop)
            viewer.wait(lambda e, id=training: isinstance(e, Trained) and e.id == id)
        finally:
            viewer.client.close()
    for block in (image, paint, result):
        block.close()
    return seconds

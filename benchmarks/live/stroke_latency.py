"""How long a stroke on a large image takes from the lifted brush to the engine's step.

``python -m benchmarks.live.stroke_latency`` prints both halves. Each runs in a process
of its own, as napari and TensorFlow do not share one:

- the viewer's half, without a window: the polls of the session from the lift until the
  stroke is handed to a client that answers at once;
- the engine's half, without a viewer: the stroke is copied, found among the others,
  some are held out, features that are missing are computed, and the first step that
  learns from it is taken, less the time of a step without news.

`bench_live` publishes the sum.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE_PIXELS = 4096
"""Side of the image in pixels."""

N_STROKES = 7
"""Strokes that are measured, after one that is not."""

STROKE_SIDE = 60
"""Side in pixels of the square a stroke lies in."""

FIRST_STROKES = 12
"""Strokes that are there before."""

NEAR = 600
"""Side in pixels of the corner that strokes lie in whose features are to be there."""


def measure_stroke() -> dict[str, dict[str, float]]:
    """Median milliseconds of each part of both halves."""
    return {half: _run(half) for half in ("viewer", "engine")}


def _run(half: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name, half]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _stroke(rng: np.random.Generator, side: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and columns of a bent line, 3 pixels wide, somewhere in a square."""
    steps = np.arange(STROKE_SIDE)
    top, left = rng.integers(0, side - STROKE_SIDE - 3, 2)
    bend = np.cumsum(rng.normal(0, 0.6, STROKE_SIDE)) + STROKE_SIDE / 2
    bend = np.clip(np.rint(bend), 0, STROKE_SIDE - 1).astype(int)
    mask = np.zeros((STROKE_SIDE + 2, STROKE_SIDE + 2), bool)
    for down, right in itertools.product(range(3), range(3)):
        mask[steps + down, bend + right] = True
    rows, columns = np.nonzero(mask)
    return rows + top, columns + left


def _image() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    spots = np.kron(
        rng.normal(120, 40, (SIDE_PIXELS // 16, SIDE_PIXELS // 16)), np.ones((16, 16))
    )
    return np.clip(spots + rng.normal(0, 12, spots.shape), 0, 255).astype(np.uint8)


class _StillClient:
    """A client that carries out everything at once and is always training."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._events: list[Any] = []
        self._train: Any = None
        self._steps = 0
        self.strokes_sent = 0

    def start(self) -> None:
        from napari_garage_unet.process.protocol.messages import Ready, Warm

        self._events += [Ready("none", {}), Warm(0.0)]

    restart = start

    def close(self) -> None:
        self._train = None

    def next_id(self) -> int:
        return next(self._ids)

    def send(self, request: Any) -> None:
        from napari_garage_unet.process.protocol import messages

        match request:
            case messages.Predict():
                return  # Not answered, so there is at most one.
            case messages.Train():
                self._train = request
                return
            case messages.SetStrokes():
                self.strokes_sent = request.id
        self._events.append(messages.Done(request.id))

    def poll(self) -> list[Any]:
        from napari_garage_unet.process.protocol.messages import Progress

        events, self._events = self._events, []
        if self._train is not None:
            self._steps += 1
            number = self.strokes_sent
            seconds = self._steps / 10
            events.append(
                Progress(self._train.id, self._steps, seconds, 0.5, strokes=number)
            )
        return events


def viewer_half() -> dict[str, float]:
    """Milliseconds from the lift of the brush until the stroke has been sent."""
    from napari.components import ViewerModel

    from napari_garage_unet.project.folders import PROJECTS_VARIABLE
    from napari_garage_unet.session import close_session, get_session

    rng = np.random.default_rng(1)
    client = _StillClient()
    viewer = ViewerModel()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ[PROJECTS_VARIABLE] = folder
        viewer.add_image(_image(), name="large")
        session = get_session(viewer, make_client=lambda: client)
        layer = session.strokes_layer()
        for number in range(FIRST_STROKES):
            layer.data[_stroke(rng, NEAR)] = 1 + number % 2
        layer.refresh()
        session.images.current.look_at_all()
        session.classes.follow(session.counts)
        assert session.learn(), session.hint
        for number in range(N_STROKES + 1):
            for _ in range(40):
                session.poll()
                time.sleep(0.02)
            sent = client.strokes_sent
            layer.data_setitem(_stroke(rng, SIDE_PIXELS), 1 + number % 2)
            layer.events.paint(value=[])
            begin = time.perf_counter()
            while client.strokes_sent == sent:
                session.poll()
            found.append(time.perf_counter() - begin)
        close_session(viewer)
    return {"send": 1000 * float(np.median(found[1:]))}


def engine_half() -> dict[str, float]:
    """Milliseconds until a stroke that was sent has been learnt from once."""
    from napari_garage_unet.process.protocol.messages import (
        OpenImage,
        SetStrokes,
        Train,
    )
    from napari_garage_unet.process.protocol.shared_arrays import SharedBlock
    from napari_garage_unet.process.server.images import ImageRegistry
    from napari_garage_unet.process.server.models import ModelCache
    from napari_garage_unet.process.server.training_run import TrainingRun

    rng = np.random.default_rng(1)
    registry = ImageRegistry()
    pixels = SharedBlock.copy_of(_image())
    registry.open_image(OpenImage(1, "a", pixels.description, "yx", (), "large"))
    strokes = np.zeros((SIDE_PIXELS, SIDE_PIXELS), np.uint8)
    for number in range(FIRST_STROKES):
        strokes[_stroke(rng, NEAR)] = 1 + number % 2
    block = SharedBlock.copy_of(strokes)
    registry.set_strokes(SetStrokes(2, "a", block.description))
    classes = ({"id": 1, "name": "one"}, {"id": 2, "name": "two"})
    train = Train(3, ("a",), classes, training={"seconds": 3600.0})
    job = TrainingRun(train, registry, ModelCache())
    while job.compute_next_features():
        pass
    for _ in range(8):
        job.advance()
    found = []
    for number in range(N_STROKES + 1):
        rows, columns = _stroke(rng, NEAR)
        strokes[rows, columns] = 1 + number % 2
        box = (
            (int(rows.min()), int(rows.max()) + 1),
            (int(columns.min()), int(columns.max()) + 1),
        )
        with SharedBlock.copy_of(strokes[tuple(slice(*span) for span in box)]) as part:
            follows = registry.strokes_id("a")
            request = SetStrokes(10 + number, "a", part.description, box, follows)
            times = [time.perf_counter()]
            assert registry.set_strokes(request)
        times.append(time.perf_counter())
        job.take_new_strokes()
        times.append(time.perf_counter())
        while job.compute_next_features():
            pass
        times.append(time.perf_counter())
        job.advance()
        times.append(time.perf_counter())
        usual = []
        for _ in range(5):
            begin = time.perf_counter()
            job.advance()
            usual.append(time.perf_counter() - begin)
        parts = np.diff(times)
        parts[-1] -= np.median(usual)
        found.append(parts)
    medians = 1000 * np.median(found[1:], axis=0)
    names = ("copy", "find and hold out", "features", "first step")
    return dict(zip(names, medians.tolist(), strict=True))


def main() -> None:
    """Print one half as JSON, or both."""
    halves = {"viewer": viewer_half, "engine": engine_half}
    if len(sys.argv) > 1:
        print(json.dumps(halves[sys.argv[1]]()))
        return
    for half, parts in measure_stroke().items():
        for name, milliseconds in parts.items():
            print(f"{half:7} {name:18} {milliseconds:7.1f} ms")


if __name__ == "__main__":
    main()

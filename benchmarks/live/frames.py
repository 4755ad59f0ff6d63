"""How awake the window is while somebody paints without a break.

The same strokes are painted in the same layer of the same window three times: before
the plugin is there, with its dock open and the engine at rest, and while it learns and
previews. What napari, Qt and the drawing of OpenGL cost is in all three.

Besides the gaps between frames, which other work on the machine lengthens, the time
the window's own thread has computed in each gap is measured, which it hardly does.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from skimage import data
from skimage.transform import resize

from benchmarks.live.person import lines_in
from benchmarks.live.studio import Studio
from benchmarks.results import Direction, Mark, Report, table
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.session.training.settings import Settings

LARGE = (2048, 2048)

RIM = 40
"""Pixels at the rim of the image that are not painted; they may be out of sight."""

LENGTH = 200
"""Pixels a stroke is long."""

STROKES = 60
"""Different strokes; they are painted again and again with other classes."""

CLASSES = 4

AT_REST = 0.05
"""Share of a core below which the engine is taken to have nothing to do."""

ALONE, IDLE, LEARNING = "napari alone", "idle", "learning"

COLUMNS = (
    "frames",
    "median",
    "p99",
    "longest",
    "thread median",
    "thread p99",
    "thread longest",
    "previews",
)


def measure_frames(report: Report, *, seconds: float) -> None:
    """Add figures and marks of the gaps between frames to a report.

    Parameters
    ----------
    report
        Gets them.
    seconds
        How long is painted in each of the three situations.
    """
    gaps = frame_gaps(seconds)
    report.figures["milliseconds between frames"] = gaps
    rows = [[name, *(round(gaps[name][c], 1) for c in COLUMNS)] for name in gaps]
    report.tables.append(table(["ms between frames", *COLUMNS], rows))
    ratio = gaps[LEARNING]["p99"] / gaps[IDLE]["p99"]
    at_most = Direction.AT_MOST
    report.marks += [
        Mark("p99 of frame gaps, learning per idle", ratio, 1.5, at_most),
        Mark("longest frame gap, ms", gaps[LEARNING]["longest"], 250, at_most),
    ]


def frame_gaps(seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds from frame to frame, and computed by the window's thread meanwhile.

    Parameters
    ----------
    seconds
        How long is painted in each situation.

    Returns
    -------
    dict
        By situation, what `COLUMNS` names.
    """
    studio = Studio()
    viewer = studio.viewer
    left, _, _ = data.stereo_motorcycle()
    viewer.add_image((resize(left, LARGE) * 255).astype(np.uint8), name="large")
    layer = viewer.add_labels(np.zeros(LARGE, np.uint8), name="strokes")
    layer.mode = "paint"
    layer.brush_size = 10
    inside = np.zeros(LARGE, bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    # Made before, because the person's thread is the window's.
    made = list(itertools.islice(lines_in(inside, studio.rng, length=LENGTH), STROKES))
    lines = itertools.cycle(made)

    found = {ALONE: _paint(studio, layer, lines, seconds)}
    studio.open_dock()
    _wait_for_rest(studio)
    found[IDLE] = _paint(studio, layer, lines, seconds)
    session = studio.session
    session.settings = Settings(training=TrainingConfig(seconds=3600))
    session.learn()
    studio.wait(lambda: session.preview.shown > 0)
    found[LEARNING] = _paint(studio, layer, lines, seconds)
    found[LEARNING]["previews"] = session.preview.shown
    studio.close()
    return found


def _paint(
    studio: Studio, layer: Any, lines: Iterator[NDArray[np.float64]], seconds: float
) -> dict[str, float]:
    """Paint stroke after stroke; every gap counts, also those between two strokes."""
    person = studio.person
    # The first strokes of a viewer are slow whatever else there is.
    for class_id in (1, 2):
        layer.selected_label = class_id
        person.draw(next(lines)[:40])
    person.frames.clear()
    person.computed.clear()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        layer.selected_label = int(studio.rng.integers(1, CLASSES + 1))
        person.draw(next(lines))
    gaps = np.diff(person.frames) * 1000
    computed = np.diff(person.computed) * 1000
    return {"frames": len(gaps), "previews": 0} | {
        f"{prefix}{name}": float(figure)
        for prefix, values in (("", gaps), ("thread ", computed))
        for name, figure in (
            ("median", np.median(values)),
            ("p99", np.quantile(values, 0.99)),
            ("longest", np.max(values)),
        )
    }


def _wait_for_rest(studio: Studio) -> None:
    """Wait until the engine has computed all it computes ahead."""
    client = studio.session.link.client
    assert client is not None
    engine = psutil.Process(client.pid)

    def used() -> float:
        times = engine.cpu_times()
        return float(times.user + times.system)

    def rests() -> bool:
        before = used()
        studio.person.live(1.0)
        return used() - before < AT_REST

    studio.wait(rests, patience=600)

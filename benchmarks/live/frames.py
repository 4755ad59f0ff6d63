"""Gaps between drawn frames while a person paints without a break.

The same strokes are painted in the same layer of the same window three times: before
the plugin is there, with its dock open and the engine idle, and while it learns and
previews. What napari, Qt and OpenGL cost is part of all three.

Other work on the machine lengthens the gaps. So the processor time that the thread of
the window has used in each gap is measured, too, on which it has hardly any effect.
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

IMAGE_SHAPE = (2048, 2048)
"""Rows and columns of the image that is painted on."""

BORDER_PIXELS = 40
"""Border of the image that is not painted; it may be out of sight."""

STROKE_LENGTH_PIXELS = 200

N_STROKES = 60
"""Different strokes, which are painted again and again with other classes."""

N_CLASSES = 4

MAX_IDLE_CORES = 0.05
"""Share of a core below which the engine counts as idle."""

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
        Report that gets them.
    seconds
        Time of painting in each of the three situations.
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
    """Measure the milliseconds between frames, and those that the thread has computed.

    Parameters
    ----------
    seconds
        Time of painting in each situation.

    Returns
    -------
    dict
        By situation, a figure for each of `COLUMNS`.
    """
    studio = Studio()
    viewer = studio.viewer
    left, _, _ = data.stereo_motorcycle()
    viewer.add_image((resize(left, IMAGE_SHAPE) * 255).astype(np.uint8), name="large")
    layer = viewer.add_labels(np.zeros(IMAGE_SHAPE, np.uint8), name="strokes")
    layer.mode = "paint"
    layer.brush_size = 10
    inside = np.zeros(IMAGE_SHAPE, bool)
    inside[BORDER_PIXELS:-BORDER_PIXELS, BORDER_PIXELS:-BORDER_PIXELS] = True
    # In advance, because the thread that paints is that of the window.
    made = list(
        itertools.islice(
            lines_in(inside, studio.rng, length=STROKE_LENGTH_PIXELS), N_STROKES
        )
    )
    lines = itertools.cycle(made)

    found = {ALONE: _paint(studio, layer, lines, seconds)}
    studio.open_dock()
    session = studio.session
    session.choose_strokes(layer)
    _wait_for_rest(studio)
    found[IDLE] = _paint(studio, layer, lines, seconds)
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
    """Paint strokes for some seconds; return figures of all gaps between frames."""
    person = studio.person
    # The first strokes in a viewer are slow for reasons of napari.
    for class_id in (1, 2):
        layer.selected_label = class_id
        person.draw(next(lines)[:40])
    person.frames.clear()
    person.computed.clear()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        layer.selected_label = int(studio.rng.integers(1, N_CLASSES + 1))
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
    """Wait until the engine has nothing left to compute in advance."""
    client = studio.session.link.client
    assert client is not None
    engine = psutil.Process(client.pid)

    def used() -> float:
        times = engine.cpu_times()
        return float(times.user + times.system)

    def rests() -> bool:
        before = used()
        studio.person.live(1.0)
        return used() - before < MAX_IDLE_CORES

    studio.wait(rests, patience=600)

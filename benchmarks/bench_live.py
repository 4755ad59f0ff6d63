"""How awake the viewer is, and how prompt the preview, while a person paints.

``make bench-live`` opens a window, paints with mouse events and measures

- the gaps between drawn frames on a large photograph, painting all the time, first
  with the engine idle, then while it trains and previews;
- the time from the lifting of the brush to the first preview of that place that has
  learnt from the stroke, on the photograph of the garage;
- the memory of both processes over an hour's worth of strokes and previews, without
  the pauses: painted, learnt, looked at and erased again, round after round;
- what is lost when the engine or napari is killed (`live_kills`).

"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray
from skimage import data
from skimage.transform import resize

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.live_kills import KILLS, kill_engine, kill_napari
from benchmarks.live_person import Person, lines_in
from benchmarks.results import Direction, Mark, Report, table
from napari_garage_unet import samples
from napari_garage_unet.engine.config import TrainingConfig
from napari_garage_unet.layers.view import region_on_view
from napari_garage_unet.project.folders import VARIABLE
from napari_garage_unet.session import Session, get_session
from napari_garage_unet.session.hint import Engine
from napari_garage_unet.session.training_job import Settings

PLUGIN = "napari-garage-unet"
LARGE = (2048, 2048)
STROKES_PER_HOUR = 600
CYCLES = 10
PATIENCE = 120.0
"""Seconds for what takes a few on an idle machine."""

LATEST = 20.0
"""Seconds after which a preview counts as not coming; it is counted with these."""


class Studio:
    """A window with the Train dock, and a person in front of it."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1280, 800)
        self.session: Session = get_session(self.viewer)
        self.person = Person(self.viewer)
        self.rng = np.random.default_rng(0)

    def open_dock(self) -> None:
        """Open the Train dock and wait until the engine is warm."""
        self.viewer.window.add_plugin_dock_widget(PLUGIN, "Train U-Net")
        session = self.session
        self.wait(lambda: session.link.state is Engine.READY)
        self.person.live(1.0)

    def wait(self, is_so: Any) -> None:
        """Let the window live until something is so.

        Raises
        ------
        RuntimeError
            If it does not come to be.
        """
        if not self.person.live(PATIENCE, until=is_so):
            raise RuntimeError(f"It did not come to be: {self.session.hint}")

    def paint(
        self, class_id: int, where: NDArray[np.bool_], *, length: int = 40
    ) -> Any:
        """Paint a line of a class where it is on view; returns its points and end."""
        bound = self.session.images.current
        assert bound is not None
        y0, y1, x0, x1 = region_on_view(bound.layer)
        seen = np.zeros_like(where)
        # Not at the rim, where the frame of the canvas takes the mouse.
        seen[y0 + 8 : y1 - 8, x0 + 8 : x1 - 8] = True
        mask = seen & where if (seen & where).any() else seen
        self.session.paint(class_id)
        points = next(lines_in(mask, self.rng, length=length))
        return points, self.person.draw(points)

    def close(self) -> None:
        """Close the window; the engine goes with it."""
        self.viewer.close()
        self.person.live(0.5)


def frame_gaps(seconds: float) -> dict[str, dict[str, float]]:
    """Milliseconds between two frames while painting, idle and learning."""
    studio = Studio()
    left, _, _ = data.stereo_motorcycle()
    pixels = (resize(left, LARGE) * 255).astype(np.uint8)
    studio.viewer.add_image(pixels, name="large")
    studio.session.strokes_layer()
    studio.open_dock()
    everywhere = np.ones(LARGE, bool)
    found = {}
    for name in ("idle", "learning"):
        if name == "learning":
            training = TrainingConfig(seconds=3600)
            studio.session.settings = Settings(training=training)
            studio.session.learn()
            studio.wait(lambda: studio.session.preview.shown > 0)
        else:
            # The first stroke of a viewer is slow whatever the plugin does.
            studio.paint(1, everywhere)
            studio.paint(2, everywhere)
        gaps: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            studio.person.frames.clear()
            studio.paint(int(studio.rng.integers(1, 5)), everywhere, length=200)
            gaps += list(np.diff(studio.person.frames) * 1000)
        found[name] = {
            "frames": len(gaps),
            "median": float(np.median(gaps)),
            "p99": float(np.quantile(gaps, 0.99)),
            "longest": float(np.max(gaps)),
            "previews": studio.session.preview.shown,
        }
    studio.close()
    return found


def latencies(strokes: int) -> list[float]:
    """Seconds from brush lift to the first preview that has learnt from the stroke."""
    studio = Studio()
    session, person = studio.session, studio.person
    studio.viewer.open_sample(PLUGIN, "garage")
    studio.open_dock()
    truth = samples.garage().mask_left
    seen: list[tuple[float, int, Any]] = []
    session.preview.refreshed.connect(
        lambda result, index, box: seen.append(
            (time.perf_counter(), session.preview.strokes_shown, box)
        )
    )
    session.learns_by_itself = True
    session.learn()
    studio.wait(lambda: session.preview.shown > 1)
    found = []
    for _ in range(strokes):
        class_id = int(studio.rng.choice(np.unique(truth[truth > 0])))
        points, lifted = studio.paint(class_id, truth == class_id)
        sent_before = session.job.strokes_sent
        seen.clear()
        y, x = points[len(points) // 2]

        def is_shown(y: float = y, x: float = x, before: int = sent_before) -> bool:
            return any(
                number > before and box[0] <= y < box[1] and box[2] <= x < box[3]
                for _, number, box in seen
            )

        came = person.live(LATEST, until=is_shown)
        found.append(seen[-1][0] - lifted if came else LATEST)
        person.live(float(studio.rng.uniform(0.3, 3.0)))
    studio.close()
    return found


def memory(strokes: int, cycles: int) -> list[dict[str, float]]:
    """Megabytes of both processes after each round of painting and erasing."""
    studio = Studio()
    session = studio.session
    studio.viewer.open_sample(PLUGIN, "garage")
    studio.open_dock()
    session.learns_by_itself = True
    layer = session.strokes_layer()
    first = layer.data.copy()
    truth = samples.garage().mask_left
    found = []
    for _ in range(cycles):
        for _ in range(strokes // cycles):
            shown = session.preview.strokes_shown
            class_id = int(studio.rng.choice(np.unique(truth[truth > 0])))
            line = next(lines_in(truth == class_id, studio.rng))
            layer.data_setitem(tuple(np.rint(line).astype(int).T), class_id)
            studio.wait(lambda shown=shown: session.preview.strokes_shown > shown)
        layer.data[...] = first
        layer.refresh()
        studio.wait(lambda: not session.job.is_running)
        found.append({"napari": _resident(None), "engine": _resident(session)})
    studio.close()
    return found


def _resident(session: Session | None) -> float:
    """Megabytes a process has in memory; of the engine when there is a session."""
    pid = "self" if session is None else session.link.client.pid
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"Process {pid} does not tell its memory.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--strokes", type=int, default=40)
    parser.add_argument("--hour", type=int, default=STROKES_PER_HOUR)
    parser.add_argument("--kills", type=int, default=KILLS)
    options = parser.parse_args(arguments)
    report = Report("live")
    # What is kept while painting is not to lie among a person's own projects.
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        measure(report, options)
    for kill in (kill_engine, kill_napari):
        figures, marks = kill(kills=options.kills)
        report.figures[kill.__name__] = figures
        report.marks += marks
    return report.publish()


def measure(report: Report, options: argparse.Namespace) -> None:
    """Add figures and marks of frames, promptness and memory to a report."""
    gaps = frame_gaps(options.seconds)
    report.figures["milliseconds between frames"] = gaps
    columns = ("frames", "median", "p99", "longest", "previews")
    rows = [[name, *(float(gaps[name][c]) for c in columns)] for name in gaps]
    report.tables.append(table(["ms between frames", *columns], rows))
    ratio = gaps["learning"]["p99"] / gaps["idle"]["p99"]
    at_most = Direction.AT_MOST
    report.marks += [
        Mark("p99 of frame gaps, learning per idle", ratio, 1.5, at_most),
        Mark("longest frame gap, ms", gaps["learning"]["longest"], 250, at_most),
    ]

    seconds = latencies(options.strokes)
    median, p95 = np.quantile(seconds, (0.5, 0.95))
    report.figures["seconds from brush lift to preview"] = seconds
    report.marks += [
        Mark("brush lift to preview, median, s", float(median), 1.5, at_most),
        Mark("brush lift to preview, p95, s", float(p95), 3.0, at_most),
    ]

    megabytes = memory(options.hour, CYCLES)
    report.figures["megabytes after each round"] = megabytes
    # The first rounds fill caches and pools that stay.
    start, end = megabytes[2], megabytes[-1]
    report.tables.append(
        table(
            ["megabytes after round", *(str(n + 1) for n in range(len(megabytes)))],
            [[who, *(round(m[who]) for m in megabytes)] for who in start],
        )
    )
    report.marks += [
        Mark(
            f"growth of {who} in the last 7 of 10 rounds",
            end[who] / start[who],
            1.1,
            at_most,
        )
        for who in start
    ]


if __name__ == "__main__":
    sys.exit(main())

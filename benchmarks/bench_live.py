"""How responsive the viewer and the preview are while a person paints.

``make bench-live`` opens a window, paints with mouse events and measures

- the gaps between drawn frames on a large photograph, painting all the time, first in
  napari alone, then with the engine idle, then while it trains and previews
  (`benchmarks.live.frames`);
- the time from the lifting of the brush to the first preview of that place that has
  learnt from the stroke, on the photograph of the garage;
- the time of a stroke on a large image from the lifted brush to the first step that
  learns from it, without window and messages (`benchmarks.live.stroke_latency`);
- the memory of both processes over an hour's worth of strokes and previews, without
  the pauses: painted, learnt, previewed and erased again, round after round;
- what is lost when the engine or napari is killed (`benchmarks.live.kill_engine`,
  `benchmarks.live.kill_napari`).
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

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.live.frames import measure_frames
from benchmarks.live.kill_engine import kill_engine
from benchmarks.live.kill_napari import kill_napari
from benchmarks.live.kill_scene import DEFAULT_KILLS
from benchmarks.live.person import lines_in
from benchmarks.live.stroke_latency import measure_stroke
from benchmarks.live.studio import PLUGIN, Studio
from benchmarks.results import Direction, Mark, Report, table
from napari_garage_unet import samples
from napari_garage_unet.project.folders import PROJECTS_VARIABLE
from napari_garage_unet.session import Session

STROKES_PER_HOUR = 600
MEMORY_ROUNDS = 10

MAX_LATENCY_SECONDS = 20.0
"""Time after which a preview counts as not coming; it is counted with this."""


def latencies(strokes: int) -> list[float]:
    """Measure the seconds from brush lift to the first preview that has learnt it."""
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

        came = person.live(MAX_LATENCY_SECONDS, until=is_shown)
        found.append(seen[-1][0] - lifted if came else MAX_LATENCY_SECONDS)
        person.live(float(studio.rng.uniform(0.3, 3.0)))
    studio.close()
    return found


def memory(strokes: int, cycles: int) -> list[dict[str, float]]:
    """Measure megabytes of both processes after each round of painting and erasing."""
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
        studio.wait(lambda: not session.live.is_running)
        found.append({"napari": _resident(None), "engine": _resident(session)})
    studio.close()
    return found


def _resident(session: Session | None) -> float:
    """Return the resident megabytes of this process, or of the engine of a session."""
    pid = "self" if session is None else session.link.client.pid
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"Process {pid} has no figure of its memory.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--strokes", type=int, default=40)
    parser.add_argument("--hour", type=int, default=STROKES_PER_HOUR)
    parser.add_argument("--kills", type=int, default=DEFAULT_KILLS)
    parser.add_argument(
        "--frames-only", action="store_true", help="print the gaps, keep no results"
    )
    options = parser.parse_args(arguments)
    report = Report("live")
    # Projects of the benchmark do not belong among those of the user.
    with tempfile.TemporaryDirectory() as folder:
        os.environ[PROJECTS_VARIABLE] = folder
        measure_frames(report, seconds=options.seconds)
        if options.frames_only:
            return report.publish(Path(folder))
        measure(report, options)
    for kill in (kill_engine, kill_napari):
        figures, marks = kill(kills=options.kills)
        report.figures[kill.__name__] = figures
        report.marks += marks
    return report.publish()


def measure(report: Report, options: argparse.Namespace) -> None:
    """Add figures and marks of promptness and memory to a report."""
    at_most = Direction.AT_MOST
    seconds = latencies(options.strokes)
    median, p95 = np.quantile(seconds, (0.5, 0.95))
    report.figures["seconds from brush lift to preview"] = seconds
    report.marks += [
        Mark("brush lift to preview, median, s", float(median), 1.5, at_most),
        Mark("brush lift to preview, p95, s", float(p95), 3.0, at_most),
    ]

    parts = measure_stroke()
    report.figures["milliseconds of a stroke on a large image"] = parts
    milliseconds = sum(value for half in parts.values() for value in half.values())
    report.marks.append(
        Mark("stroke to first step, 4096 x 4096, ms", milliseconds, 300.0, at_most)
    )

    megabytes = memory(options.hour, MEMORY_ROUNDS)
    report.figures["megabytes after each round"] = megabytes
    # The first rounds fill caches and pools that stay.
    start, end = megabytes[2], megabytes[-1]
    report.tables.append(
        table(
            ["megabytes after round", *(str(n + 1) for n in range(len(megabytes)))],
            [[name, *(round(m[name]) for m in megabytes)] for name in start],
        )
    )
    report.marks += [
        Mark(
            f"growth of {name} in the last 7 of 10 rounds",
            end[name] / start[name],
            1.1,
            at_most,
        )
        for name in start
    ]


if __name__ == "__main__":
    sys.exit(main())

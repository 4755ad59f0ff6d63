"""How quickly tuning follows the hand, and what Suggest and splitting are worth.

``make bench-tune`` measures

- in a real window, the time from a move of a threshold to the screen at 2048 x 2048
  with 2 and with 8 classes, minimal sizes included, beside napari's own opacity slider
  in the same run, and the time until the seeds of a split are shown;
- on nuclei, the average precision of the objects after Suggest and splitting, from a
  model that learnt strokes in three other pictures, beside plain connected components
  and scikit-image's Otsu and watershed;
- in a volume, how many nuclei are found.

The models are trained in a process of their own: this one has a window and must not
load TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.results import ROOT, Direction, Mark, Report, table
from benchmarks.strokes.tasks import require_data

N_MOVES = 120
N_CLASSES = (2, 8)
WAYS = (
    "connected components at 0.5",
    "Otsu and watershed",
    "Suggest",
    "Suggest, split by distance",
    "Suggest, split by probability",
)


def find_objects() -> dict[str, Any]:
    """Run `tune_objects` in a process of its own and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects.json"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.tuning.objects", str(path)],
            cwd=ROOT,
            check=True,
        )
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def add_latency(report: Report, *, moves: int) -> None:
    """Measure in a window what a move costs beyond the frame itself.

    Drawing a frame in software takes longer on many machines than a move may take.
    napari's opacity slider changes no pixel, so its median is the frame.
    """
    from benchmarks.tuning.window import measure_latency

    rows = []
    for n in N_CLASSES:
        found = measure_latency(n, moves=moves)
        for what, values in (
            ("threshold", found.threshold),
            ("napari's opacity", found.opacity),
            ("seeds of a split", found.seeds),
        ):
            median, p99 = statistics.median(values), float(np.quantile(values, 0.99))
            report.figures[f"{what}, {n} classes"] = {
                "median ms": median,
                "p99 ms": p99,
                "moves": len(values),
            }
            rows.append([f"{what}, {n} classes", median, p99])
        threshold, opacity = (
            statistics.median(v) for v in (found.threshold, found.opacity)
        )
        report.figures[f"threshold, {n} classes"] |= {
            "median over that of the opacity slider": threshold / opacity,
            "regions": found.regions,
            "runs": found.runs,
        }
        most = Direction.AT_MOST
        p99 = float(np.quantile(found.threshold, 0.99))
        seeds = statistics.median(found.seeds)
        report.marks += [
            Mark(
                f"{what}, {n} classes, ms more than a frame", ms - opacity, limit, most
            )
            for what, ms, limit in (
                ("threshold to screen, median", threshold, 33),
                ("threshold to screen, p99", p99, 60),
                ("split distance to seeds, median", seeds, 300),
            )
        ]
    report.tables.append(
        table(["from the hand to the screen, ms", "median", "p99"], rows)
    )
    if "tensorflow" in sys.modules:
        raise RuntimeError("TensorFlow was loaded into a process with a window.")


def add_objects(report: Report) -> None:
    """Add what was found in pictures and in the volume."""
    figures = find_objects()
    report.figures |= figures
    pictures, volume = figures["pictures"], figures["volume"]
    report.tables.append(
        table(
            ["average precision at IoU 0.5", "mean of pictures", "all together"],
            [
                [
                    way,
                    *(
                        pictures[way][k]
                        for k in ("mean over pictures", "all nuclei together")
                    ),
                ]
                for way in WAYS
            ],
        )
    )
    report.tables.append(
        table(
            ["nuclei in the volume", "count"],
            [
                [k, ", ".join(map(str, v)) if isinstance(v, list) else v]
                for k, v in volume.items()
            ],
        )
    )
    best, plain = (pictures[way]["mean over pictures"] for way in (WAYS[-1], WAYS[0]))
    wrong = abs(volume["split in the true mask"] / volume["nuclei"] - 1)
    of_models = [
        n / volume["nuclei"] - 1 for n in volume["split in the results of models"]
    ]
    report.figures["share by which the counts of models are wrong"] = {
        "mean count": abs(statistics.mean(of_models)),
        "mean of people": statistics.mean(map(abs, of_models)),
    }
    report.marks += [
        Mark("average precision gained by Suggest and splitting", best - plain, 0.15),
        Mark(
            "share by which the count in the true mask of the volume is wrong",
            wrong,
            0.1,
            Direction.AT_MOST,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=N_MOVES)
    options = parser.parse_args(arguments)
    require_data()
    report = Report("tune")
    # First the window, while nothing else runs.
    add_latency(report, moves=options.moves)
    add_objects(report)
    return report.publish()


if __name__ == "__main__":
    sys.exit(main())

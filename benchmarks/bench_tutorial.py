"""The textbook U-Net of the lesson, from dense masks, on pictures it has not seen.

Run as `make bench-tutorial`, or `python benchmarks/bench_tutorial.py`. Beside it, the
network that ships, from the same masks in at most the same time and from the strokes of
a simulated person. Each method meets each task in a fresh process, on two cores.

Examples
--------
One task, and less time::

    python benchmarks/bench_tutorial.py --tasks garage --minutes 2
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.results import ROOT, Direction, Mark, Report, table
from benchmarks.strokes.tasks import require_data
from benchmarks.tutorial.recipes import RECIPES

logger = logging.getLogger("bench_tutorial")

N_CORES = 2
MIN_ACCURACY = 0.81
"""What the tutorial that the project comes from reaches."""
MAX_MINUTES = 20.0
STROKE_SECONDS = 20.0
N_STROKE_ROUNDS = 3
"""Rounds in which the simulated person corrects what it sees."""
METHODS = ("textbook", "shipped", "strokes")

Run = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    chosen = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        require_data()
    except FileNotFoundError as error:
        logger.error("%s", error)
        return 2
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_CORES])
    report = Report(result_name(chosen))
    runs: list[Run] = []
    for task in chosen.tasks:
        minutes = chosen.minutes or RECIPES[task].minutes
        for method in chosen.methods:
            logger.info("%s, %s, %g minutes", task, method, minutes)
            found = (
                _from_strokes(task)
                if method == "strokes"
                else [_from_masks(task, method, minutes)]
            )
            for run in found:
                logger.info(
                    "%s, %s: accuracy %.3f after %.1f minutes",
                    *(run[key] for key in ("task", "method", "accuracy", "minutes")),
                )
            runs += found
    report.figures["runs"] = runs
    report.tables.append(results_table(runs))
    report.marks = marks(runs)
    return report.publish()


def results_table(runs: Sequence[Run]) -> str:
    """Lay out one line per task and method.

    "One class" is the accuracy of saying the most frequent class everywhere.
    """
    rows = [
        [
            run["task"],
            run["method"],
            run["network"],
            f"{run['minutes']:.1f}",
            run["epochs"] or "",
            run["accuracy"],
            run["iou"],
            _or_empty(run["majority"]),
            _or_empty(run["elsewhere"]),
            _or_empty(run["elsewhere_majority"]),
        ]
        for run in runs
    ]
    header = ["task", "method", "network", "minutes", "epochs"]
    header += ["accuracy", "mean IoU", "one class", "elsewhere", "one class"]
    return table(header, rows)


def _or_empty(value: float | None) -> float | str:
    return "" if value is None else value


def marks(runs: Sequence[Run]) -> list[Mark]:
    """What the textbook network has to reach, for each task that was run."""
    found = []
    for run in runs:
        if run["method"] == "textbook, masks":
            task = run["task"]
            found += [
                Mark(
                    f"{task}: accuracy on new pictures", run["accuracy"], MIN_ACCURACY
                ),
                Mark(
                    f"{task}: minutes", run["minutes"], MAX_MINUTES, Direction.AT_MOST
                ),
            ]
    return found


def _from_masks(task: str, method: str, minutes: float) -> Run:
    run: Run = _in_fresh_process(
        "benchmarks.tutorial.runs",
        ["--method", method, "--task", task, "--minutes", str(minutes)],
    )
    return run


def _from_strokes(task: str) -> list[Run]:
    """Let the simulated person of `make bench-strokes` teach the shipped network."""
    options = ["--method", "ours", "--task", task, "--seed", "0"]
    options += ["--rounds", str(N_STROKE_ROUNDS), "--seconds", str(STROKE_SECONDS)]
    figures = _in_fresh_process("benchmarks.strokes.rounds", options)
    return [
        {
            "method": f"shipped, strokes, {figure['round']} corrections",
            "task": task,
            "network": "pretrained encoder",
            "minutes": (figure["round"] + 1) * STROKE_SECONDS / 60,
            "epochs": None,
            "accuracy": figure["new_accuracy"],
            "iou": figure["new_iou"],
            "majority": None,
            "elsewhere": None,
            "elsewhere_majority": None,
        }
        for figure in figures
        if figure["method"] == "ours" and figure["round"] in (0, N_STROKE_ROUNDS)
    ]


def _in_fresh_process(module: str, options: Sequence[str]) -> Any:
    """Run a module, its progress on this terminal, and return what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        command = [sys.executable, "-u", "-m", module, *options, "--out", str(out)]
        subprocess.run(command, cwd=ROOT, check=True)
        return json.loads(out.read_text())


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read what is to be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument(
        "--minutes", type=float, help="of each task, instead of those of its recipe"
    )
    return parser.parse_args(arguments)


def result_name(chosen: argparse.Namespace) -> str:
    """Keep the results of a part from replacing those of the whole."""
    whole = (
        set(chosen.tasks) == set(RECIPES)
        and set(chosen.methods) == set(METHODS)
        and chosen.minutes is None
    )
    return "tutorial" if whole else "tutorial-part"


if __name__ == "__main__":
    sys.exit(main())

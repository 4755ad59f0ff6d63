"""How well methods segment after few strokes and a short time of learning.

Run as `make bench-strokes`, or `python benchmarks/bench_strokes.py`. Every method
learns every task with every seed in a process of its own, one at a time, on two cores,
warm before its clock starts.

Examples
--------
A look at one task::

    python benchmarks/bench_strokes.py --tasks nuclei --seeds 1 --rounds 1
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
from dataclasses import asdict
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.results import RESULTS_FOLDER, ROOT, Direction, Mark, Report
from benchmarks.strokes.curves import draw_curves
from benchmarks.strokes.marks import Figures, marks, tables
from benchmarks.strokes.method import METHODS
from benchmarks.strokes.rounds import Figure
from benchmarks.strokes.tasks import OTHER_TASKS, TASKS, require_data

logger = logging.getLogger("bench_strokes")

N_CORES = 2
CHECKPOINT_SECONDS = (5.0, 10.0, 20.0, 40.0)
N_SEEDS = 3
N_OTHER_SEEDS = 1
N_ROUNDS = 3
QUICK = (1, 1, (5.0, 20.0))
"""Seeds, corrective rounds and checkpoints in seconds of ``--quick``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, publish, and return the exit code."""
    chosen = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        require_data()
    except FileNotFoundError as error:
        logger.error("%s", error)
        return 2
    _keep_to(N_CORES)
    report = Report(result_name(chosen))
    figures: list[Figure] = []
    failures: list[str] = []
    # Methods take turns, so that a busy minute of the machine hits them all.
    runs = list(product(range(chosen.seeds), chosen.tasks, chosen.methods))
    for number, (seed, task, method) in enumerate(runs, start=1):
        logger.info("%d of %d: %s, %s, seed %d", number, len(runs), method, task, seed)
        try:
            figures += _in_fresh_process(method, task, seed, chosen)
        except subprocess.CalledProcessError as error:
            failures.append(f"{method}, {task}, seed {seed}: {error.stderr[-2000:]}")
            logger.error("It failed.\n%s", failures[-1])
    if not figures:
        logger.error("No run succeeded.")
        return 1
    return _publish(report, Figures(figures), failures)


def _publish(report: Report, figures: Figures, failures: Sequence[str]) -> int:
    failed = Mark("runs that failed", len(failures), 0, Direction.AT_MOST)
    report.figures = {
        "runs": [asdict(figure) for figure in figures.all],
        "failures": list(failures),
    }
    report.marks = [failed, *marks(figures)]
    report.tables = tables(figures)
    draw_curves(figures, RESULTS_FOLDER / f"{report.name}.png")
    return report.publish()


def _in_fresh_process(
    method: str, task: str, seed: int, chosen: argparse.Namespace
) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "benchmarks.strokes.rounds"]
        command += ["--method", method, "--task", task, "--seed", str(seed)]
        command += ["--rounds", str(chosen.rounds), "--out", str(out), "--seconds"]
        command += map(str, chosen.seconds)
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return [Figure(**values) for values in json.loads(out.read_text())]


def _keep_to(count: int) -> None:
    """Restrict this process and its children to `count` cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    else:
        logger.warning("Cores cannot be chosen here; all of them are used.")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line, and fill in what was left out."""
    parser = argparse.ArgumentParser(
        description="Compare methods on strokes of a simulated person."
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed, one corrective round, 5 and 20 s",
    )
    parser.add_argument(
        "--others",
        action="store_true",
        help="the tasks on which no setting was chosen, one seed",
    )
    parser.add_argument("--tasks", nargs="+", choices=(*TASKS, *OTHER_TASKS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=tuple(METHODS))
    parser.add_argument("--seeds", type=int, help=f"how many, {N_SEEDS} by default")
    parser.add_argument(
        "--rounds", type=int, help=f"corrective ones, {N_ROUNDS} by default"
    )
    parser.add_argument(
        "--seconds", type=float, nargs="+", help="checkpoints of round 0"
    )
    chosen = parser.parse_args(arguments)
    seeds, rounds, seconds = (
        QUICK if chosen.quick else (N_SEEDS, N_ROUNDS, CHECKPOINT_SECONDS)
    )
    chosen.tasks = tuple(chosen.tasks or (OTHER_TASKS if chosen.others else TASKS))
    chosen.seeds = chosen.seeds or (N_OTHER_SEEDS if chosen.others else seeds)
    chosen.rounds = rounds if chosen.rounds is None else chosen.rounds
    chosen.seconds = sorted(chosen.seconds or seconds)
    return chosen


def result_name(chosen: argparse.Namespace) -> str:
    """Keep the results of a part from replacing those of the whole."""
    seeds = N_OTHER_SEEDS if chosen.tasks == OTHER_TASKS else N_SEEDS
    everything = (
        chosen.tasks in (TASKS, OTHER_TASKS)
        and tuple(chosen.methods) == tuple(METHODS)
        and chosen.seeds >= seeds
        and chosen.rounds >= N_ROUNDS
        and set(chosen.seconds) >= set(CHECKPOINT_SECONDS)
    )
    if everything:
        return "strokes" if chosen.tasks == TASKS else "others"
    return "strokes-quick" if chosen.quick else "strokes-part"


if __name__ == "__main__":
    sys.exit(main())

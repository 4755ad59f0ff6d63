"""Training on whole masks instead of strokes, compared with a textbook U-Net.

Run as ``make bench-masks``. Every pixel of the stroked pictures of each task is
painted; ours and the textbook U-Net with Keras ``model.fit`` learn for the same time,
warm, each in a fresh process, and are scored on the other pictures.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.results import ROOT, Mark, Report, table
from benchmarks.strokes.method import OURS, load_method
from benchmarks.strokes.tasks import TASKS, load_task, require_data
from napari_garage_unet.engine.evaluation.scores import score_all

logger = logging.getLogger("bench_masks")

TRAINING_SECONDS = 40.0
TEXTBOOK = "keras-unet"
METHODS = (OURS, TEXTBOOK)


def learn_masks(method_name: str, task_name: str, *, seconds: float) -> float:
    """Learn from masks; return the mean IoU on the pictures without masks."""
    method, task = load_method(method_name), load_task(task_name)
    masks = [picture.truth for picture in task.stroked]
    n_classes = np.unique(np.concatenate([m[m != 0] for m in masks])).size
    shapes = [p.image.shape for p in (*task.stroked, *task.new)]
    method.warm_up(shapes, n_classes=n_classes, seed=0)
    images = [picture.image for picture in task.stroked]
    *_, (_, learnt) = method.learn(images, masks, checkpoints=(seconds,), seed=0)
    found = [learnt(picture.image) for picture in task.new]
    return float(score_all([p.truth for p in task.new], found).mean_iou)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=TRAINING_SECONDS)
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "TASK", "FILE"))
    options = parser.parse_args(arguments)
    if options.one:
        method, task, path = options.one
        Path(path).write_text(
            json.dumps(learn_masks(method, task, seconds=options.seconds))
        )
        return 0
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    require_data()
    report = Report("masks")
    found: dict[str, dict[str, float]] = {method: {} for method in METHODS}
    for task in TASKS:
        for method in METHODS:
            found[method][task] = _in_fresh_process(method, task, options.seconds)
            logger.info("%s, %s: %.3f", task, method, found[method][task])
    report.figures |= {"seconds": options.seconds, "mean IoU on new pictures": found}
    means = {m: float(np.mean(list(found[m].values()))) for m in METHODS}
    report.tables.append(
        table(
            [f"masks, {options.seconds:g} s, mean IoU on new", *TASKS, "mean"],
            [[m, *(found[m][t] for t in TASKS), means[m]] for m in METHODS],
        )
    )
    report.marks.append(
        Mark("mean IoU with masks, not under model.fit", means[OURS], means[TEXTBOOK])
    )
    return report.publish()


def _in_fresh_process(method: str, task: str, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "iou.json"
        command = [sys.executable, __file__, "--seconds", str(seconds)]
        subprocess.run(
            [*command, "--one", method, task, str(path)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        return float(json.loads(path.read_text()))


if __name__ == "__main__":
    sys.exit(main())

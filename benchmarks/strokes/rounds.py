"""One method on one task: rounds of painting, learning and correcting.

Run as `python -m benchmarks.strokes.rounds`, in a process for each run, so that no
method affects another; it writes the figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.strokes.method import (
    AFRESH,
    METHODS,
    OURS,
    Learnt,
    Method,
    Strokes,
    load_method,
)
from benchmarks.strokes.simulation import corrective_strokes, first_strokes
from benchmarks.strokes.tasks import OTHER_TASKS, TASKS, Task, load_task
from napari_garage_unet.engine.evaluation.scores import score_all

ROUND_SECONDS = 20.0
"""Time of learning in each round, after which the simulated person corrects."""

MAX_LATENESS = 1.05
"""Factor of its time by which a step may miss a checkpoint and still count for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The scores of a method at one checkpoint.

    Parameters
    ----------
    method, task : str
        Names of the method and the task.
    seed, round : int
        Seed of the strokes, and number of corrective rounds before.
    seconds : float
        The checkpoint, in seconds after Train was pressed.
    learnt_after : float
        Time at which the method had this result: earlier than the checkpoint if it
        had converged, later if it had none in time.
    predict_seconds : float
        Mean time to segment one picture.
    same_iou, same_accuracy : float
        Scores on the unpainted pixels of the painted pictures, 0 to 1.
    new_iou, new_accuracy : float
        Scores on the other pictures, 0 to 1.
    """

    method: str
    task: str
    seed: int
    round: int
    seconds: float
    learnt_after: float
    predict_seconds: float
    same_iou: float
    same_accuracy: float
    new_iou: float
    new_accuracy: float


def run(
    method_name: str,
    task: Task,
    *,
    seed: int,
    rounds: int,
    seconds: Sequence[float],
) -> list[Figure]:
    """Train a method on strokes of a simulated person, and on corrections.

    In round 0 the method is measured at each of `seconds`. The person corrects its
    result after `ROUND_SECONDS`, and it learns on from there for the same time in each
    further round.

    Parameters
    ----------
    method_name : str
        One of `METHODS`.
    task : Task
        Task to learn.
    seed : int
        Seed of the strokes and of the method.
    rounds : int
        Number of corrective rounds after round 0.
    seconds : sequence of float
        Checkpoints of round 0, ascending.

    Returns
    -------
    list of Figure
        One for each round and checkpoint.
    """
    method = load_method(method_name)
    truths = [picture.truth for picture in task.stroked]
    images = [picture.image for picture in task.stroked]
    n_classes = np.unique(np.concatenate([t[t != 0] for t in truths])).size
    pictures = (*task.stroked, *task.new)
    method.warm_up([p.image.shape for p in pictures], n_classes=n_classes, seed=seed)

    # The first strokes are the same for every method.
    rng = np.random.default_rng([seed, zlib.crc32(task.name.encode())])
    strokes = [first_strokes(truth, rng) for truth in truths]
    state: Learnt | None = None
    figures: list[Figure] = []

    def look(name: str, number: int, known: dict[float, tuple[float, Learnt]]) -> None:
        for checkpoint, (after, learnt) in known.items():
            figures.append(
                Figure(
                    method=name,
                    task=task.name,
                    seed=seed,
                    round=number,
                    seconds=checkpoint,
                    learnt_after=after,
                    **_held_out_scores(learnt, task, strokes),
                )
            )

    for number in range(rounds + 1):
        checkpoints = seconds if number == 0 else (ROUND_SECONDS,)
        known = _learn(method, images, strokes, checkpoints, seed, state)
        look(method_name, number, known)
        if number == rounds:
            if method_name == OURS and rounds:
                again = _learn(method, images, strokes, (ROUND_SECONDS,), seed, None)
                look(AFRESH, number, again)
            break
        state = known[ROUND_SECONDS][1]
        strokes = [
            corrective_strokes(truth, state(image), painted, rng)
            for truth, image, painted in zip(truths, images, strokes, strict=True)
        ]
    return figures


def _learn(
    method: Method,
    images: Sequence[np.ndarray],
    strokes: Sequence[Strokes],
    checkpoints: Sequence[float],
    seed: int,
    state: Learnt | None,
) -> dict[float, tuple[float, Learnt]]:
    """Find what was known at each checkpoint: the newest, or else the first."""
    moments = list(
        method.learn(images, strokes, checkpoints=checkpoints, seed=seed, state=state)
    )
    known = {}
    for checkpoint in checkpoints:
        in_time = [m for m in moments if m[0] <= MAX_LATENESS * checkpoint]
        known[checkpoint] = in_time[-1] if in_time else moments[0]
    return known


def _held_out_scores(
    learnt: Learnt, task: Task, strokes: Sequence[Strokes]
) -> dict[str, float]:
    start = time.perf_counter()
    same = [learnt(picture.image) for picture in task.stroked]
    new = [learnt(picture.image) for picture in task.new]
    predict_seconds = (time.perf_counter() - start) / (len(same) + len(new))
    on_same = score_all([p.truth for p in task.stroked], same, strokes=strokes)
    on_new = score_all([p.truth for p in task.new], new)
    return {
        "predict_seconds": predict_seconds,
        "same_iou": on_same.mean_iou,
        "same_accuracy": on_same.accuracy,
        "new_iou": on_new.mean_iou,
        "new_accuracy": on_new.accuracy,
    }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=METHODS, required=True)
    parser.add_argument("--task", choices=(*TASKS, *OTHER_TASKS), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    figures = run(
        chosen.method,
        load_task(chosen.task),
        seed=chosen.seed,
        rounds=chosen.rounds,
        seconds=sorted({*chosen.seconds, *([ROUND_SECONDS] if chosen.rounds else [])}),
    )
    chosen.out.write_text(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    main()

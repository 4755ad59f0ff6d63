"""Tables and marks of the figures of all runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.results import Direction, Mark, table
from benchmarks.strokes.method import AFRESH, METHODS, OURS
from benchmarks.strokes.rounds import MAX_LATENESS, ROUND_SECONDS, Figure
from benchmarks.strokes.tasks import OTHER_TASKS, TASKS

MIN_LEAD = 0.08
"""Least difference of our mean IoU to that of the best other method."""

MAX_DEFICIT = 0.02
"""How far our IoU may be below that of the best other method in a single task."""


class Figures:
    """The figures of a comparison, and their averages.

    Parameters
    ----------
    figures : iterable of Figure
        Figures of any number of runs.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.all = tuple(figures)
        self.methods = [m for m in METHODS if any(f.method == m for f in self.all)]
        self.tasks = [
            t for t in (*TASKS, *OTHER_TASKS) if any(f.task == t for f in self.all)
        ]
        self.rounds = sorted({f.round for f in self.all})
        self.seconds = sorted({f.seconds for f in self.all if f.round == 0})
        self.peers = [m for m in self.methods if m != OURS]

    def mean(
        self,
        method: str,
        field: str,
        *,
        round_number: int,
        seconds: float = ROUND_SECONDS,
        task: str | None = None,
    ) -> float:
        """Average a field over seeds, and over tasks unless one is named; or NaN."""
        found = [
            [
                getattr(f, field)
                for f in self.all
                if (f.method, f.task, f.round, f.seconds)
                == (method, name, round_number, seconds)
            ]
            for name in ([task] if task else self.tasks)
        ]
        if not all(found):
            return float("nan")
        return float(np.mean([np.mean(values) for values in found]))

    def best_peer(
        self,
        field: str,
        *,
        round_number: int,
        seconds: float = ROUND_SECONDS,
        task: str | None = None,
    ) -> float:
        """Find the largest mean that a peer has."""
        return max(
            self.mean(
                peer, field, round_number=round_number, seconds=seconds, task=task
            )
            for peer in self.peers
        )


def tables(figures: Figures) -> list[str]:
    """Lay out the means of all seeds: by task, by seconds and by round."""
    pages = [
        f"Round {number}, {ROUND_SECONDS:g} s: mean IoU same / new\n"
        + _by_task(figures, number)
        for number in figures.rounds
    ]
    pages.append("Round 0, all tasks: mean IoU same / new\n" + _by_seconds(figures))
    pages.append(
        f"{ROUND_SECONDS:g} s in each round: accuracy on same\n" + _by_round(figures)
    )
    return pages


def marks(figures: Figures) -> list[Mark]:
    """Compare us with the best peer where the runs allow it.

    Marks that need a method, a round or a checkpoint that was not run are left out.
    Absolute scores are asked for on `TASKS` alone; elsewhere it is not known what can
    be reached.
    """
    if OURS not in figures.methods:
        return []
    found = [_promptness(figures)]
    if figures.peers and ROUND_SECONDS in figures.seconds:
        for pictures in ("same", "new"):
            found.append(_lead(figures, pictures, round_number=0))
            found += [_not_under(figures, pictures, task) for task in figures.tasks]
    if "forest" in figures.peers and 5.0 in figures.seconds:
        found += [
            _after_five_seconds(figures, pictures) for pictures in ("same", "new")
        ]
    is_known = set(figures.tasks) <= set(TASKS)
    if 3 in figures.rounds:
        if is_known:
            found.append(
                Mark(
                    "same mean IoU after 3 corrective rounds",
                    figures.mean(OURS, "same_iou", round_number=3),
                    0.84,
                )
            )
        if figures.peers:
            found.append(_lead(figures, "same", round_number=3))
    if any(f.method == AFRESH for f in figures.all):
        found += [_goes_on(figures, pictures) for pictures in ("same", "new")]
    for number, limit in ((1, 0.81), (3, 0.90)):
        if is_known and number in figures.rounds:
            found += _accuracies(figures, number, limit)
    return found


def _promptness(figures: Figures) -> Mark:
    lateness = [f.learnt_after / f.seconds for f in figures.all if f.method == OURS]
    return Mark(
        "our latest result, as a part of the seconds it had",
        max(lateness),
        MAX_LATENESS,
        Direction.AT_MOST,
    )


def _lead(figures: Figures, pictures: str, *, round_number: int) -> Mark:
    field = f"{pictures}_iou"
    best = figures.best_peer(field, round_number=round_number)
    return Mark(
        f"{pictures} mean IoU above the best peer ({best:.3f}), round {round_number}",
        figures.mean(OURS, field, round_number=round_number) - best,
        MIN_LEAD,
    )


def _not_under(figures: Figures, pictures: str, task: str) -> Mark:
    field = f"{pictures}_iou"
    best = figures.best_peer(field, round_number=0, task=task)
    return Mark(
        f"{task}, {pictures} mean IoU above the best peer ({best:.3f}), round 0",
        figures.mean(OURS, field, round_number=0, task=task) - best,
        -MAX_DEFICIT,
    )


def _after_five_seconds(figures: Figures, pictures: str) -> Mark:
    field = f"{pictures}_iou"
    return Mark(
        f"{pictures} mean IoU after 5 s, not under the random forest",
        figures.mean(OURS, field, round_number=0, seconds=5.0),
        figures.mean("forest", field, round_number=0, seconds=5.0),
    )


def _goes_on(figures: Figures, pictures: str) -> Mark:
    last, field = figures.rounds[-1], f"{pictures}_iou"
    return Mark(
        f"{pictures} mean IoU after {last} corrections, not under starting again",
        figures.mean(OURS, field, round_number=last),
        figures.mean(AFRESH, field, round_number=last),
    )


def _accuracies(figures: Figures, number: int, limit: float) -> list[Mark]:
    return [
        Mark(
            f"{task}, accuracy on same after {number} corrective round(s)",
            figures.mean(OURS, "same_accuracy", round_number=number, task=task),
            limit,
        )
        for task in figures.tasks
    ]


def _by_task(figures: Figures, number: int) -> str:
    def row(method: str) -> Sequence[str]:
        cells = [
            _pair(figures, method, number, task=task) for task in (*figures.tasks, None)
        ]
        learnt, predicted = (
            figures.mean(method, field, round_number=number)
            for field in ("learnt_after", "predict_seconds")
        )
        return [method, *cells, f"{learnt:.1f} + {predicted:.1f}"]

    header = ["method", *figures.tasks, "mean", "seconds + a picture"]
    return table(header, [row(method) for method in figures.methods])


def _by_seconds(figures: Figures) -> str:
    header = ["method", *(f"{seconds:g} s" for seconds in figures.seconds)]
    rows = [
        [method, *(_pair(figures, method, 0, seconds=s) for s in figures.seconds)]
        for method in figures.methods
    ]
    return table(header, rows)


def _by_round(figures: Figures) -> str:
    header = ["method", *(f"{t} {n}" for t in figures.tasks for n in figures.rounds)]
    rows = [
        [
            method,
            *(
                figures.mean(method, "same_accuracy", round_number=number, task=task)
                for task in figures.tasks
                for number in figures.rounds
            ),
        ]
        for method in figures.methods
    ]
    return table(header, rows)


def _pair(
    figures: Figures,
    method: str,
    number: int,
    *,
    seconds: float = ROUND_SECONDS,
    task: str | None = None,
) -> str:
    same, new = (
        figures.mean(method, field, round_number=number, seconds=seconds, task=task)
        for field in ("same_iou", "new_iou")
    )
    return f"{same:.2f} / {new:.2f}"

"""Does *Where to paint next* save strokes? A simulated person is led to places.

The person paints one stroke of each class, then is led to one place after the other:
by the model's uncertainty, or by chance. At each place the person looks at a window
around it and paints one stroke: into the largest error there, or, where there is none,
into the largest patch of one class. After every few strokes the model learns on, in the
same number of steps for both; nothing depends on the clock.

Run as `make bench-next`, or ``python benchmarks/bench_next.py``. It prints the mean
IoU after each round, writes ``benchmarks/results/next.json`` and exits with 1 when
being led does not need fewer strokes than chance does to reach what chance reaches in
the end. Curves swing from round to round by more than the two differ, so they are
means of all tasks and several seeds, and the end is the mean of the last two rounds.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.results import Direction, Mark, Report, table
from benchmarks.strokes.simulation import draw_stroke, first_strokes
from benchmarks.strokes.tasks import TASKS, Task, load_task
from napari_garage_unet.engine.api import as_image
from napari_garage_unet.engine.evaluation.scores import score_all
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.inference.feature_cache import FeatureCaches
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.pixels import learner
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.engine.suggestions.next_stroke import (
    WINDOW_SIDE_PIXELS,
    next_place,
)

STEPS_PER_ROUND = 150
"""Steps of each round of learning: half of what the dock takes."""

PLACES_PER_ROUND = 4
"""Places that are visited before the model learns on."""

GUIDES = ("doubt", "chance")
"""Guides, by their names in the results: the uncertainty of the model, and chance."""

ALL_TASKS = "all tasks"

MIN_SAVED = 0.1
"""Share of the strokes that being led has to save."""


def paint_at(
    place: tuple[float, float],
    truth: NDArray[np.integer],
    result: NDArray[np.integer],
    strokes: NDArray[np.integer],
    rng: np.random.Generator,
) -> None:
    """Paint one stroke into the window around a place."""
    half = WINDOW_SIDE_PIXELS // 2
    y, x = (round(value) for value in place)
    window = np.zeros(truth.shape, bool)
    window[max(y - half, 0) : y + half, max(x - half, 0) : x + half] = True
    seen = window & (truth != 0)
    wrong = seen & (result != truth)
    patch = _largest_patch(truth, wrong if wrong.any() else seen)
    if patch is not None:
        stroke = draw_stroke(patch, rng)
        strokes[stroke] = truth[patch][0]


def _largest_patch(
    truth: NDArray[np.integer], where: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    best, size = None, 0
    for class_id in np.unique(truth[where]):
        patches, _ = label(where & (truth == class_id))
        sizes = np.bincount(patches.ravel())[1:]
        if sizes.max() > size:
            size = int(sizes.max())
            best = patches == 1 + int(sizes.argmax())
    return best


def run(
    task: Task,
    image: Image,
    guide: str,
    *,
    seed: int,
    rounds: int,
    caches: FeatureCaches,
) -> list[float]:
    """Return the mean IoU on unpainted pixels after each round of being led.

    Parameters
    ----------
    task
        Task to be learnt, whose first picture is painted on.
    image
        That picture, as the engine reads it.
    guide
        One of `GUIDES`.
    seed
        Seed of strokes and learning; the first strokes do not depend on the guide.
    rounds
        How often `PLACES_PER_ROUND` places are visited.
    caches
        Feature caches, which are kept from run to run.
    """
    picture = task.stroked[0]
    truth = picture.truth
    rng = np.random.default_rng([seed, zlib.crc32(task.name.encode())])
    strokes = first_strokes(truth, rng, per_class=1)
    training = Training(
        [image],
        [strokes.copy()],
        training=TrainingConfig(seconds=3600, seed=seed, held_out=0),
        caches=caches,
    )
    found = []
    for number in range(rounds + 1):
        if number:
            training.set_strokes([strokes.copy()])
        for _ in training.run():
            pass
        levels = quantize(training.predictor().predict_plane(image))
        ids = np.array([info.id for info in training.classes])
        result = ids[levels.argmax(axis=0)]
        found.append(score_all([truth], [result], strokes=[strokes]).mean_iou)
        visited: list[tuple[float, float]] = []
        for _ in range(PLACES_PER_ROUND):
            if guide == "chance":
                place = tuple(float(rng.uniform(0, n)) for n in truth.shape)
            else:
                place = next_place(levels, strokes, visited=visited)
            if place is None:
                break
            visited.append(place)
            paint_at(place, truth, result, strokes, rng)
    return found


def strokes_needed(curve: Sequence[float], target: float) -> float:
    """Return how many strokes a curve needs to reach a score.

    It is interpolated between rounds, and NaN if the score is not reached.
    """
    best = np.maximum.accumulate(curve)
    if best[-1] < target:
        return float("nan")
    at = int(np.argmax(best >= target))
    if at == 0:
        return 0.0
    share = (target - best[at - 1]) / (best[at] - best[at - 1])
    return float(PLACES_PER_ROUND * (at - 1 + share))


def saved(by_chance: float, led: float) -> float:
    """Return the share of the strokes that being led saves.

    It is 0 where chance ends no better than it begins: there is nothing to save.
    """
    return 1 - led / by_chance if by_chance else 0.0


def _needed(curves: dict[str, NDArray[np.float64]]) -> tuple[float, float]:
    """Return the strokes that chance and being led need to reach the end of chance.

    A curve that does not reach it counts with one round more than there were.
    """
    target = float(np.mean(curves["chance"][-2:]))
    missed = PLACES_PER_ROUND * len(curves["chance"])
    needed = [strokes_needed(curves[guide], target) for guide in ("chance", "doubt")]
    by_chance, led = (missed if np.isnan(n) else n for n in needed)
    return by_chance, led


def _publish(report: Report, name: str, curves: dict[str, NDArray[np.float64]]) -> None:
    by_chance, led = _needed(curves)
    report.figures[name] = {
        **{guide: list(curve) for guide, curve in curves.items()},
        "strokes by chance": by_chance,
        "strokes led": led,
    }
    sys.stdout.write(f"{name}: {by_chance:.1f} strokes by chance, {led:.1f} led\n")
    sys.stdout.flush()


def _table(found: dict[str, dict[str, NDArray[np.float64]]], rounds: int) -> str:
    header = [
        "mean IoU after strokes",
        *(str(PLACES_PER_ROUND * n) for n in range(rounds + 1)),
    ]
    rows = [
        [f"{name} {guide}", *map(float, curve)]
        for name, curves in found.items()
        for guide, curve in curves.items()
    ]
    return table(header, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    report = Report("next")
    learner.ROUND = STEPS_PER_ROUND
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for name in options.tasks:
        task, caches = load_task(name), FeatureCaches()
        picture = task.stroked[0]
        image = as_image(picture.image, picture.truth, name=picture.name)
        found[name] = {}
        for guide in GUIDES:
            curves = [
                run(task, image, guide, seed=seed, rounds=options.rounds, caches=caches)
                for seed in options.seeds
            ]
            found[name][guide] = np.mean(curves, axis=0)
        _publish(report, name, found[name])
    pooled = {
        guide: np.mean([curves[guide] for curves in found.values()], axis=0)
        for guide in GUIDES
    }
    _publish(report, ALL_TASKS, pooled)
    report.tables.append(_table({**found, ALL_TASKS: pooled}, options.rounds))
    report.marks.append(
        Mark(
            "share of the strokes saved by being led",
            saved(*_needed(pooled)),
            MIN_SAVED,
        )
    )
    worse = [name for name, curves in found.items() if np.diff(_needed(curves))[0] > 0]
    report.marks.append(
        Mark(
            "tasks in which being led needs more strokes",
            len(worse),
            len(found) // 2,
            Direction.AT_MOST,
        )
    )
    return report.publish()


if __name__ == "__main__":
    sys.exit(main())

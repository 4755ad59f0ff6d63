"""One method learns one task from dense masks and is scored on pictures it never saw.

Run as `python -m benchmarks.tutorial.runs` in a process of its own; it writes what it
found as JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.strokes.tasks import Picture, Task, load_more, load_task
from benchmarks.tutorial.lesson import load_definitions
from benchmarks.tutorial.recipes import RECIPES, Recipe
from napari_garage_unet.engine.evaluation.scores import score, score_all

STEPS = 24
"""Steps per epoch."""

Answer = Callable[[NDArray[np.uint8]], NDArray[np.integer]]
"""From an image to class ids."""


@dataclass(frozen=True, slots=True)
class Found:
    """How good a method is on a task, and what it took.

    Parameters
    ----------
    method, task : str
        Which method on which task.
    network : str
        The network, in words for the table.
    minutes : float
        Duration of the training.
    epochs : int or None
        Of the textbook network, of `STEPS` steps each.
    accuracy, iou : float
        On the pictures it has not seen, all pixels counted together.
    by_picture : dict
        Accuracy on each of these pictures.
    majority : float
        Accuracy of a segmentation that is the most frequent class everywhere.
    elsewhere : float or None
        Accuracy on the further pictures of `Recipe.elsewhere`.
    elsewhere_majority : float or None
        As `majority`, on those.
    validated : float or None
        Accuracy on the squares that were set aside, of the textbook network.
    """

    method: str
    task: str
    network: str
    minutes: float
    epochs: int | None
    accuracy: float
    iou: float
    by_picture: dict[str, float]
    majority: float
    elsewhere: float | None = None
    elsewhere_majority: float | None = None
    validated: float | None = None


def learn_textbook(task: Task, recipe: Recipe, minutes: float) -> Found:
    """Train the network of the lesson, with the code of the lesson."""
    lesson = load_definitions()
    keras, tf = lesson.keras, lesson.tf
    keras.utils.set_random_seed(0)
    photos, masks, squares = _prepare(lesson, task.stroked, recipe)
    n_classes = int(max(picture.truth.max() for picture in task.stroked))
    unet = lesson.unet(
        (lesson.SIZE, lesson.SIZE, photos[0].shape[-1]), n_classes, recipe.widths
    )
    unet.compile(
        optimizer=keras.optimizers.Adam(recipe.rate),
        loss=keras.losses.SparseCategoricalCrossentropy(
            reduction="mean_with_sample_weight"
        ),
        weighted_metrics=["accuracy"],
    )
    crops = lesson.crops(
        photos, masks, batch=recipe.batch, colour=recipe.colour, turn=recipe.turn
    )
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        history = lesson.fit_and_keep_the_best(
            unet,
            Path(folder) / "best.keras",
            crops.map(lesson.which_class),
            tf.data.Dataset.from_tensors(squares).map(lesson.which_class),
            steps=STEPS,
            epochs=100_000,
            patience=100_000,
            callbacks=[_until(keras, 60 * minutes, recipe.rate)],
            verbose=2,
        )
    spent = (time.perf_counter() - start) / 60

    def answer(image: NDArray[np.uint8]) -> NDArray[np.integer]:
        found: NDArray[np.integer] = lesson.predict_tiles(
            unet, lesson.normalised(image)
        ).argmax(axis=-1)
        return found + 1

    return Found(
        method="textbook, masks",
        task=task.name,
        network=f"U-Net, widths {recipe.widths[0]} to {recipe.widths[-1]}",
        minutes=spent,
        epochs=len(history["loss"]),
        validated=history["val_accuracy"][int(np.argmin(history["val_loss"]))],
        **_score(task, answer),
    )


def learn_shipped(task: Task, minutes: float) -> Found:
    """Train the network that ships from the same masks, for at most as long."""
    from benchmarks.strokes.method import OURS, load_method

    method = load_method(OURS)
    images = [picture.image for picture in task.stroked]
    masks = [picture.truth for picture in task.stroked]
    shapes = [picture.image.shape for picture in (*task.stroked, *task.new)]
    method.warm_up(shapes, n_classes=int(max(m.max() for m in masks)), seed=0)
    *_, (seconds, learnt) = method.learn(
        images, masks, checkpoints=(60 * minutes,), seed=0
    )
    return Found(
        method="shipped, masks",
        task=task.name,
        network="pretrained encoder",
        minutes=seconds / 60,
        epochs=None,
        **_score(task, learnt),
    )


def _prepare(
    lesson: Any, pictures: Sequence[Picture], recipe: Recipe
) -> tuple[list[NDArray[Any]], list[NDArray[Any]], tuple[Any, Any]]:
    """Copies of all pictures with their masks, and the squares set aside."""
    photos, masks, squares = [], [], []
    for seed, picture in enumerate(pictures):
        photo = lesson.normalised(picture.image)
        learn, aside = lesson.set_aside(picture.truth, seed=seed)
        copies = lesson.moved_copies(
            photo, learn, degrees=recipe.degrees, zooms=recipe.zooms
        )
        for copy, mask in copies:
            photos.append(copy)
            masks.append(mask)
        squares.append(lesson.validation_squares(photo, aside))
    images, truths = zip(*squares, strict=True)
    return photos, masks, (np.concatenate(images), np.concatenate(truths))


def _until(keras: Any, seconds: float, rate: float) -> Any:
    """Lower the learning rate along half a cosine and stop when time is up."""

    class Until(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_begin(self, logs: object = None) -> None:
            self._start = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            part = min((time.perf_counter() - self._start) / seconds, 1.0)
            falling = rate * (1 + np.cos(np.pi * part)) / 2
            self.model.optimizer.learning_rate = falling
            self.model.stop_training = part >= 1

    return Until()


def _score(task: Task, answer: Answer) -> dict[str, Any]:
    truths = [picture.truth for picture in task.new]
    found = [answer(picture.image) for picture in task.new]
    scores = score_all(truths, found)
    scored = {
        "accuracy": scores.accuracy,
        "iou": scores.mean_iou,
        "by_picture": {
            picture.name: score(picture.truth, labels).accuracy
            for picture, labels in zip(task.new, found, strict=True)
        },
        "majority": _majority(truths),
    }
    more = load_more(task.name, RECIPES[task.name].elsewhere)
    if more:
        truths = [picture.truth for picture in more]
        found = [answer(picture.image) for picture in more]
        scored["elsewhere"] = score_all(truths, found).accuracy
        scored["elsewhere_majority"] = _majority(truths)
    return scored


def _majority(truths: Sequence[NDArray[np.uint8]]) -> float:
    """Accuracy of saying the most frequent class everywhere."""
    known = np.concatenate([truth[truth > 0] for truth in truths])
    return float(np.bincount(known).max() / known.size)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", choices=("textbook", "shipped"), required=True)
    parser.add_argument("--task", choices=RECIPES, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    task = load_task(chosen.task)
    if chosen.method == "textbook":
        found = learn_textbook(task, RECIPES[chosen.task], chosen.minutes)
    else:
        found = learn_shipped(task, chosen.minutes)
    chosen.out.write_text(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()

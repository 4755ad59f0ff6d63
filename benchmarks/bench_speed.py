"""Speed of training and inference, by network, image size and number of strokes.

``make bench-speed`` compares, in one run on the same cores,

- steps of the textbook network (the batches, optimiser and loss are the same) taken by
  Keras ``model.fit`` and by the lean step the engine uses;
- its inference with the float32 matrix product of the machine;
- the shipped network's time against the size of the image and the number of strokes;
- the time from Train to the first step and the first preview, with a warm engine.

Figures are medians of several runs; those that are compared are taken in turns, since
the clock of a shared machine is noisy.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.live.warm_engine import time_first_preview
from benchmarks.results import Direction, Mark, Report, table
from napari_garage_unet.engine.compute.backend import keras, tf
from napari_garage_unet.engine.compute.devices import current_devices
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.networks.unet import build_unet

CROP_PIXELS = 160
BATCH_SIZE = 2
IMAGE_SIDES_PIXELS = (256, 512, 1024, 2048, 4096, 8192)
STROKE_COUNTS = (4, 16, 64, 256)


def median_seconds(*calls: Callable[[], object], runs: int) -> list[float]:
    """Time calls in turns and return the median of each."""
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(runs):
        for call, taken in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def compare_steps(*, runs: int, batches: int = 4) -> tuple[float, float]:
    """Seconds per step of ``model.fit`` and of the lean step on the same batches."""
    rng = np.random.default_rng(0)
    images = rng.random((batches * BATCH_SIZE, CROP_PIXELS, CROP_PIXELS, 3), np.float32)
    masks = rng.integers(0, 2, (batches * BATCH_SIZE, CROP_PIXELS, CROP_PIXELS)).astype(
        np.int32
    )

    fitted = build_unet((CROP_PIXELS, CROP_PIXELS, 3), 2)
    fitted.compile("adam", loss="sparse_categorical_crossentropy")

    # As the plain U-Net is trained: in bfloat16 where the CPU is faster in it.
    with current_devices().for_steps().scope():
        lean = build_unet((CROP_PIXELS, CROP_PIXELS, 3), 2)
        optimizer = keras.optimizers.Adam()
        optimizer.build(lean.trainable_variables)

    @tf.function(
        input_signature=[
            tf.TensorSpec((BATCH_SIZE, CROP_PIXELS, CROP_PIXELS, 3), tf.float32),
            tf.TensorSpec((BATCH_SIZE, CROP_PIXELS, CROP_PIXELS), tf.int32),
        ]
    )
    def step(image: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = keras.losses.sparse_categorical_crossentropy(
                mask, lean(image, training=True)
            )
            loss = tf.reduce_mean(losses)
        variables = lean.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def take_steps() -> None:
        for at in range(0, len(images), BATCH_SIZE):
            step(images[at : at + BATCH_SIZE], masks[at : at + BATCH_SIZE]).numpy()

    def fit() -> None:
        fitted.fit(images, masks, batch_size=BATCH_SIZE, shuffle=False, verbose=0)

    by_fit, by_step = median_seconds(fit, take_steps, runs=runs)
    return by_fit / batches, by_step / batches


def compare_inference(*, runs: int, side: int = 512) -> tuple[float, float]:
    """GFLOP/s of a large matrix product and of the textbook network's inference."""
    n = 2048
    a, b = (tf.random.normal((n, n), seed=seed) for seed in (0, 1))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(a, b)))
    model = build_unet((side, side, 3), 2)
    image = tf.random.normal((1, side, side, 3), seed=2)
    predict = tf.function(lambda: tf.reduce_sum(model(image, training=False)))
    by_product, by_network = median_seconds(
        lambda: product().numpy(), lambda: predict().numpy(), runs=runs
    )
    return 2 * n**3 / by_product / 1e9, multiply_adds(model) / by_network / 1e9


def multiply_adds(model: keras.Model) -> float:
    """Floating point operations of the convolutions for one image."""
    total = 0.0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2DTranspose):
            total += 2 * np.prod(layer.input.shape[1:3]) * np.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Conv2D):
            total += 2 * np.prod(layer.output.shape[1:3]) * np.prod(layer.kernel.shape)
    return float(total)


def time_training(side: int, n_strokes: int) -> dict[str, float]:
    """Seconds of the shipped network's first step, later steps and prediction."""
    rng = np.random.default_rng(0)
    image = Image(rng.integers(0, 255, (side, side, 3), np.uint8), "yxc")
    strokes = np.zeros((side, side), np.uint8)
    for number in range(n_strokes):
        y, x = rng.integers(0, side - 40, 2)
        strokes[y : y + 3, x : x + 40] = number % 2 + 1
    start = time.perf_counter()
    training = Training(
        [image], [strokes], training=TrainingConfig(max_steps=20, held_out=0)
    )
    moments = [time.perf_counter() - start for _ in training.run()]
    start = time.perf_counter()
    predictor = training.model().predictor
    for _ in predictor.tiles(image):
        pass
    return {
        "first step": moments[0],
        "later steps": statistics.median(np.diff(moments)),
        "prediction": time.perf_counter() - start,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, publish, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--largest", type=int, default=IMAGE_SIDES_PIXELS[-1])
    options = parser.parse_args(arguments)
    report = Report("speed")

    by_fit, by_step = compare_steps(runs=options.runs)
    peak, network = compare_inference(runs=options.runs)
    report.marks += [
        Mark("lean steps per step of model.fit", by_fit / by_step, 1.5),
        Mark("inference, share of the matrix product's peak", network / peak, 0.6),
    ]
    report.figures["textbook"] = {
        "seconds per step of model.fit": by_fit,
        "seconds per lean step": by_step,
        "GFLOP/s of the matrix product": peak,
        "GFLOP/s of inference": network,
    }

    latency = time_first_preview(runs=options.runs)
    for what, most in (("first step", 1.0), ("first preview", 3.0)):
        median = statistics.median(latency[what])
        report.figures[f"seconds from Train to {what}"] = latency[what]
        report.marks.append(
            Mark(f"seconds from Train to {what}", median, most, Direction.AT_MOST)
        )

    time_training(256, 4)  # loads the encoder and traces, as a warm engine has
    columns = ("first step", "later steps", "prediction")
    cases = [
        ("image side", s, s, 16) for s in IMAGE_SIDES_PIXELS if s <= options.largest
    ]
    cases += [("strokes", n, 1024, n) for n in STROKE_COUNTS]
    rows = []
    for what, value, side, n_strokes in cases:
        seconds = time_training(side, n_strokes)
        report.figures[f"{what} {value}"] = seconds
        rows.append([f"{what} {value}", *(seconds[column] for column in columns)])
    report.tables.append(table(["seconds", *columns], rows))
    return report.publish()


if __name__ == "__main__":
    sys.exit(main())

"""The textbook U-Net, trained with `model.fit` on the same strokes.

Widths 64 to 1024, batch normalisation, Adam, crops around strokes with flips and
turns, cross entropy on the stroked pixels only: what a tutorial would have a person do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from skimage.exposure import rescale_intensity

from benchmarks.strokes.checkpoints import Checkpoints
from napari_garage_unet.engine.compute.backend import keras
from napari_garage_unet.engine.networks.unet import build_unet

if TYPE_CHECKING:
    from benchmarks.strokes.method import Labels, Learnt, Pixels, Strokes

CROP_PIXELS = 128
BATCH_SIZE = 2
LEARNING_RATE = 1e-3
UNPAINTED = -1
_MAX_STRIDE = 16

FloatImage = NDArray[np.float32]
Weights = list[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class TrainedUNet:
    """A copy of all weights at one moment, with the network to put them in.

    Parameters
    ----------
    model : keras.Model
        The network, shared by all moments.
    weights, optimizer : list of ndarray
        Values of its variables and of its optimiser's.
    class_ids : (n_classes,) int
        Painted id of each output channel.
    """

    model: Any
    weights: Weights
    optimizer: Weights
    class_ids: NDArray[np.integer]

    def __call__(self, image: Pixels, /) -> Labels:
        """Segment an image of any size."""
        self.model.set_weights(self.weights)
        height, width = image.shape[:2]
        margins = [(0, -n % _MAX_STRIDE) for n in (height, width)]
        padded = np.pad(_normalised(image), [*margins, (0, 0)], mode="reflect")
        probabilities = self.model.predict_on_batch(padded[np.newaxis])[0]
        labels: Labels = self.class_ids[probabilities.argmax(axis=-1)]
        return labels[:height, :width]

    def restore(self) -> None:
        """Put weights and optimiser back to this moment."""
        self.model.set_weights(self.weights)
        for variable, value in zip(
            self.model.optimizer.variables, self.optimizer, strict=True
        ):
            variable.assign(value)


class TextbookUNet:
    """`build_unet` as it comes, compiled and fitted."""

    def __init__(self) -> None:
        self._fresh: TrainedUNet | None = None

    def warm_up(
        self, shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int
    ) -> None:
        """Build, trace one step and one prediction, and undo what they changed."""
        channels = shapes[0][2] if len(shapes[0]) == 3 else 1
        keras.utils.set_random_seed(seed)
        model = build_unet((None, None, channels), n_classes)
        model.compile(
            optimizer=keras.optimizers.Adam(LEARNING_RATE),
            loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=UNPAINTED),
        )
        model.optimizer.build(model.trainable_variables)
        fresh = _snapshot(model, np.arange(1, n_classes + 1))
        crops = np.zeros((BATCH_SIZE, CROP_PIXELS, CROP_PIXELS, channels), np.float32)
        model.fit(
            crops,
            np.zeros((BATCH_SIZE, CROP_PIXELS, CROP_PIXELS)),
            batch_size=BATCH_SIZE,
            epochs=1,
            verbose=0,
        )
        fresh(np.zeros((CROP_PIXELS, CROP_PIXELS, channels), np.uint8))
        fresh.restore()
        self._fresh = fresh

    def learn(
        self,
        images: Sequence[Pixels],
        strokes: Sequence[Strokes],
        *,
        checkpoints: Sequence[float],
        seed: int,
        state: Learnt | None = None,
    ) -> Iterator[tuple[float, Learnt]]:
        """Fit until the last checkpoint; continue with weights and optimiser.

        See `benchmarks.strokes.method.Method.learn`.
        """
        clock = Checkpoints(checkpoints)
        if self._fresh is None:
            raise RuntimeError("Call warm_up before learn.")
        before = state if isinstance(state, TrainedUNet) else self._fresh
        before.restore()
        class_ids = np.unique(np.concatenate([s[s != 0] for s in strokes]))
        snapshots = _Snapshots(clock, class_ids)
        self._fresh.model.fit(
            _batches(images, strokes, class_ids, np.random.default_rng(seed)),
            steps_per_epoch=1_000_000,
            epochs=1,
            callbacks=[snapshots],
            verbose=0,
        )
        yield from snapshots.moments


class _Snapshots(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep a copy of the weights at each checkpoint and stop at the last one."""

    def __init__(self, clock: Checkpoints, class_ids: NDArray[np.integer]) -> None:
        super().__init__()
        self.moments: list[tuple[float, TrainedUNet]] = []
        self._clock = clock
        self._class_ids = class_ids

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Look at the clock after each step."""
        if self._clock.reached():
            self.moments.append(
                (self._clock.elapsed, _snapshot(self.model, self._class_ids))
            )
        if not self._clock.left:
            self.model.stop_training = True


def _snapshot(model: Any, class_ids: NDArray[np.integer]) -> TrainedUNet:
    return TrainedUNet(
        model,
        model.get_weights(),
        [np.array(variable) for variable in model.optimizer.variables],
        class_ids,
    )


def _normalised(image: Pixels) -> FloatImage:
    low, high = np.percentile(image, (0.5, 99.5))
    scaled = rescale_intensity(
        image.astype(np.float32), in_range=(low, max(high, low + 1)), out_range=(0, 1)
    )
    normalised: FloatImage = scaled.reshape(*image.shape[:2], -1).astype(np.float32)
    return normalised


def _batches(
    images: Sequence[Pixels],
    strokes: Sequence[Strokes],
    class_ids: NDArray[np.integer],
    rng: np.random.Generator,
) -> Iterator[tuple[FloatImage, NDArray[np.int32]]]:
    """Endless crops around stroked pixels, every class equally often."""
    margin = [(CROP_PIXELS // 2, CROP_PIXELS // 2)] * 2
    pixels = [np.pad(_normalised(i), [*margin, (0, 0)], mode="reflect") for i in images]
    targets = [
        np.pad(
            np.where(s == 0, UNPAINTED, np.searchsorted(class_ids, s)).astype(np.int32),
            margin,
            constant_values=UNPAINTED,
        )
        for s in strokes
    ]
    places = [
        [(n, y, x) for n, s in enumerate(strokes) for y, x in np.argwhere(s == c)]
        for c in class_ids
    ]
    while True:
        crops = []
        for _ in range(BATCH_SIZE):
            of_class = places[rng.integers(len(places))]
            n, y, x = of_class[rng.integers(len(of_class))]
            here = (slice(y, y + CROP_PIXELS), slice(x, x + CROP_PIXELS))
            crops.append(_turned(pixels[n][here], targets[n][here], rng))
        yield (
            np.stack([crop for crop, _ in crops]),
            np.stack([target for _, target in crops]),
        )


def _turned(
    crop: FloatImage, target: NDArray[np.int32], rng: np.random.Generator
) -> tuple[FloatImage, NDArray[np.int32]]:
    turns, flip = int(rng.integers(4)), int(rng.integers(2))
    crop, target = np.rot90(crop, turns), np.rot90(target, turns)
    return (crop[:, ::-1], target[:, ::-1]) if flip else (crop, target)

"""Our method in the comparison: the engine through its Python interface.

`Training` is what `napari_garage_unet.train` and the dock use, too; it is used instead
of `train` because the comparison measures at checkpoints. All settings have their
defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.strokes.checkpoints import Checkpoints
from napari_garage_unet.engine.api import as_image
from napari_garage_unet.engine.learning import warm_up as warmup
from napari_garage_unet.engine.learning.config import TrainingConfig
from napari_garage_unet.engine.learning.training import Training
from napari_garage_unet.engine.models.model import Model

if TYPE_CHECKING:
    from benchmarks.strokes.method import Labels, Learnt, Pixels, Strokes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model at one time of its training.

    Parameters
    ----------
    model : napari_garage_unet.engine.models.model.Model
        The model.
    """

    model: Model

    def __call__(self, image: Pixels, /) -> Labels:
        """Segment an image of any size."""
        labels: Labels = self.model.segment(image)
        return labels


def warm_up(shapes: Sequence[tuple[int, ...]], *, n_classes: int, seed: int) -> None:
    """Warm up as the engine process does while a person paints."""
    channels = shapes[0][2] if len(shapes[0]) == 3 else 1
    warmup.warm_up(n_channels=channels, n_classes=n_classes)
    warmup.warm_up_checks(n_channels=channels, n_classes=n_classes)


def learn(
    images: Sequence[Pixels],
    strokes: Sequence[Strokes],
    *,
    checkpoints: Sequence[float],
    seed: int,
    state: Learnt | None = None,
) -> Iterator[tuple[float, Learnt]]:
    """Train until the last checkpoint and yield a model at each.

    See `benchmarks.strokes.method.Method.learn`.
    """
    clock = Checkpoints(checkpoints)
    named = [
        as_image(image, painted, name=f"image {number}")
        for number, (image, painted) in enumerate(
            zip(images, strokes, strict=True), start=1
        )
    ]
    training = Training(
        named,
        list(strokes),
        training=TrainingConfig(seconds=checkpoints[-1] - clock.elapsed, seed=seed),
        start_from=state.model if isinstance(state, Snapshot) else None,
    )
    for _ in training.run():
        # Training itself ends at the last checkpoint.
        if clock.reached() and clock.left:
            # Without validation, as for the preview of the dock.
            yield clock.elapsed, Snapshot(training.model(check=False))
    yield clock.elapsed, Snapshot(training.model())

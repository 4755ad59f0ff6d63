"""Predictions of the engine process, a tile at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.inference.predictor import Tile
from napari_garage_unet.engine.probabilities import quantize
from napari_garage_unet.process.protocol.messages import (
    Predict,
    Predicted,
)
from napari_garage_unet.process.protocol.shared_arrays import AttachedBlock

from .images import ImageRegistry
from .models import ModelCache, Source

PIXEL_STEPS = (1, 2, 4, 8, 16)
"""Pixels from one computed probability to the next."""


class PredictionJob:
    """Answers a `Predict` request, one tile per turn.

    Parameters
    ----------
    request
        The request, with the shared memory that takes the probabilities.
    """

    def __init__(self, request: Predict) -> None:
        self.request = request
        self._tiles: Iterator[Tile] | None = None
        self._source: Source | None = None
        self._result: AttachedBlock | None = None
        self._begin = time.perf_counter()

    def advance(self, images: ImageRegistry, models: ModelCache) -> Predicted | None:
        """Compute a tile, or return the answer if there are no more.

        Parameters
        ----------
        images, models
            Where the image and the model are found.

        Raises
        ------
        GarageError
            If it cannot be computed.
        """
        if self._tiles is None or self._source is None or self._result is None:
            self._tiles, self._source, self._result = self._start(images, models)
        tile = next(self._tiles, None)
        if tile is None:
            return Predicted(
                self.request.id,
                self._source.step,
                time.perf_counter() - self._begin,
                self._source.classes,
                self._source.strokes,
            )
        y, x, probabilities = tile
        top, _, left, _ = self.request.box or (0, 0, 0, 0)
        n, height, width = probabilities.shape
        row = (y.start - top) // self.request.pixel_step
        column = (x.start - left) // self.request.pixel_step
        self._result.array[:n, row : row + height, column : column + width] = quantize(
            probabilities
        )
        return None

    def restart(self) -> None:
        """Compute all tiles again, because the live model has become another one."""
        self._tiles = None

    def close(self) -> None:
        """Detach the shared memory of the result."""
        if self._result is not None:
            self._result.close()

    def _start(
        self, images: ImageRegistry, models: ModelCache
    ) -> tuple[Iterator[Tile], Source, AttachedBlock]:
        request = self.request
        source = models.source(request.model)
        image = images.image(request.key)
        height, width = image.plane_shape
        y0, y1, x0, x1 = request.box or (0, height, 0, width)
        if not (0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width):
            raise InputError(
                f"The box {request.box} does not lie in the {height} x {width} pixels "
                f"of {image.name}."
            )
        step = request.pixel_step
        if step not in PIXEL_STEPS or y0 % step or x0 % step:
            raise InputError(
                f"Every {step}-th pixel of the box {request.box} cannot be computed; "
                "the step is 1, 2, 4, 8 or 16 and the box begins at a multiple of it."
            )
        n_classes = len(source.classes)
        rows, *size = request.result.shape
        if rows < n_classes or size != [-(-(y1 - y0) // step), -(-(x1 - x0) // step)]:
            raise InputError(
                f"The model has {n_classes} classes, so an array of shape "
                f"{request.result.shape} cannot take its probabilities of "
                f"{y1 - y0} x {x1 - x0} pixels."
            )
        if request.result.dtype not in ("uint8", "|u1"):
            raise InputError(
                f"Probabilities are written as uint8, not as {request.result.dtype}."
            )
        result = self._result or AttachedBlock(request.result, writable=True)
        self._result = result
        tiles = source.predictor.tiles(image, request.plane, request.box, step=step)
        return tiles, source, result

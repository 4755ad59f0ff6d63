"""Tiles that a brush touches while it is down.

napari says that something was painted when the brush lifts. What is saved must not
wait for that: a person may draw for minutes without lifting it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_garage_unet.engine.annotations.fitting import box_in_shape
from napari_garage_unet.project.tiles import Tile, tiles_of

BRUSH_MARGIN_PIXELS = 2
"""Pixels around the brush that count as painted, because napari rounds its edge."""


class BrushTrail:
    """The tiles that a brush has touched since it was put down.

    Attributes
    ----------
    spatial_shape
        Shape of the image, in which tiles are counted.
    """

    def __init__(self) -> None:
        self._tiles: set[Tile] = set()
        self.spatial_shape: tuple[int, ...] = ()

    @property
    def is_down(self) -> bool:
        """Whether tiles were touched that `take` has not returned."""
        return bool(self._tiles)

    def take(self) -> set[Tile]:
        """Return the tiles touched since the last call."""
        tiles, self._tiles = self._tiles, set()
        return tiles

    def lift(self) -> None:
        """Forget the tiles; the layer holds the complete stroke now."""
        self._tiles.clear()

    def follow(self, layer: Any, event: Any) -> Iterator[None]:
        """Follow the mouse: a napari ``mouse_drag_callbacks`` generator."""
        if layer.mode not in ("paint", "erase"):
            return
        self._touch(layer, event)
        yield
        while event.type == "mouse_move":
            self._touch(layer, event)
            yield
        self.lift()

    def _touch(self, layer: Any, event: Any) -> None:
        shape = layer.data.shape
        at = np.asarray(layer.world_to_data(event.position), float)
        reach = layer.brush_size / 2 + BRUSH_MARGIN_PIXELS
        # The brush is round in the axes on view, which may be any.
        in_front = len(event.position) - len(shape)
        edited = [axis - in_front for axis in event.dims_displayed]
        edited = edited[-layer.n_edit_dimensions :]
        box = []
        for axis, (position, length) in enumerate(zip(at, shape, strict=True)):
            far = reach if axis in edited else 0.0
            low = max(int(np.floor(position - far + 0.5)), 0)
            high = min(int(np.ceil(position + far + 0.5)), length)
            if low >= high:
                return  # The brush is beside the image.
            box.append(slice(low, high))
        self._tiles.update(tiles_of(box_in_shape(box, shape, self.spatial_shape)))

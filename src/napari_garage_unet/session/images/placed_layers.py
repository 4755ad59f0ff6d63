"""The layers that lie on an image stay on it, wherever it is put."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from psygnal import Signal

from napari_garage_unet.layers.matching import lay_on
from napari_garage_unet.layers.place import PLACE_EVENTS


class PlacedLayers:
    """Strokes, results and other layers made for an image; they follow its place.

    Layers are held weakly, so that a deleted one is let go.

    Parameters
    ----------
    image_layer
        The layer they lie on.

    Attributes
    ----------
    moved
        Signal: the image has another place or pixel size, and the layers lie there.
    """

    moved = Signal()

    def __init__(self, image_layer: ImageLayer) -> None:
        self._image_layer = image_layer
        self._layers: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._units: Sequence[Any] | None = None
        for name in PLACE_EVENTS:
            getattr(image_layer.events, name).connect(self._on_moved)

    def add(self, layer: Layer) -> None:
        """Put a layer onto the image and keep it there."""
        self._layers.add(layer)
        lay_on(layer, self._image_layer, self._units)

    def discard(self, layer: Layer) -> None:
        """Leave a layer where it is from now on."""
        self._layers.discard(layer)

    def use_units(self, units: Sequence[Any] | None) -> None:
        """Express the places in these units, those of the world of the viewer."""
        if units != self._units:
            self._units = units
            self._lay_all()

    def close(self) -> None:
        """Disconnect from the image layer; the other layers stay where they are."""
        for name in PLACE_EVENTS:
            getattr(self._image_layer.events, name).disconnect(self._on_moved)
        self._layers.clear()

    def _lay_all(self) -> None:
        for layer in tuple(self._layers):
            lay_on(layer, self._image_layer, self._units)

    def _on_moved(self, event: Any = None) -> None:
        if event is not None and event.type == "units":
            # The world takes its units from all layers; those made for the image
            # must not keep it in units that no other layer has.
            self._units = None
        self._lay_all()
        self.moved.emit()

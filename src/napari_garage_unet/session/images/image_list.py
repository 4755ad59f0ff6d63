"""The images of a session and the one that is being worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.layers.images import spatial_shape
from napari_garage_unet.layers.matching import (
    is_result,
    make_strokes_layer,
    plugin_metadata,
)
from napari_garage_unet.layers.writing import free_name, insert_quietly

from .annotated_image import BoundImage


class ImageList:
    """Follows the viewer's layers: chooses what is obvious, forgets what is deleted.

    Parameters
    ----------
    viewer
        A `ViewerModel`.

    Attributes
    ----------
    changed
        Another image or strokes layer is chosen, or one has gone.
    added
        An image can be worked on; emitted with the `BoundImage`.
    removed
        An image has gone; emitted with the `BoundImage` while its key is still known.
    strokes_bound
        A strokes layer was chosen or made; emitted with the `BoundImage`.
    strokes_removed
        A strokes layer was deleted; emitted with the `BoundImage` it belonged to.
    """

    changed = Signal()
    added = Signal(object)
    removed = Signal(object)
    strokes_bound = Signal(object)
    strokes_removed = Signal(object)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._images: list[BoundImage] = []
        self.current: BoundImage | None = None
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        self._choose_obvious()

    def __iter__(self) -> Iterator[BoundImage]:
        return iter(tuple(self._images))

    def __len__(self) -> int:
        return len(self._images)

    def of_layer(self, layer: Layer | None) -> BoundImage | None:
        """The image that has this layer among its image or strokes layers."""
        return next(
            (b for b in self._images if layer in b.layers or layer is b.strokes), None
        )

    def by_key(self, key: str) -> BoundImage | None:
        """The image the engine knows under a key."""
        return next((bound for bound in self._images if bound.key == key), None)

    def bind(self, layer: ImageLayer) -> BoundImage:
        """The image of a layer, made when there is none yet.

        Its strokes layer is found where that is obvious.
        """
        bound = next((b for b in self._images if b.layer is layer), None)
        if bound is None:
            bound = BoundImage([layer])
            self._images.append(bound)
            self.added.emit(bound)
        if bound.strokes is None:
            self._find_strokes(bound)
        return bound

    def choose(self, layer: ImageLayer | None) -> None:
        """Work on this image."""
        chosen = None if layer is None else self.bind(layer)
        if chosen is not self.current:
            self.current = chosen
            self.changed.emit()

    def choose_channels(self, layers: Sequence[ImageLayer]) -> None:
        """Work on an image whose channels are these layers; the first names it.

        Raises
        ------
        InputError
            If there is no layer, or they differ in shape.
        """
        if not layers:
            raise InputError("An image needs at least one channel; choose a layer.")
        for layer in layers[1:]:
            if spatial_shape(layer) != spatial_shape(layers[0]):
                raise InputError(
                    f"{layer.name!r} {spatial_shape(layer)} has another shape than "
                    f"{layers[0].name!r} {spatial_shape(layers[0])}; "
                    "channels of one image need the same."
                )
        old = self.current
        if old is not None and old.layers == tuple(layers):
            return
        bound = BoundImage(layers)
        if old is not None:
            strokes = old.strokes
            self._forget(old)
            if strokes is not None and strokes.data.shape == bound.spatial_shape:
                bound.set_strokes(strokes)
        self._images.append(bound)
        self.added.emit(bound)
        if bound.strokes is None:
            self._find_strokes(bound)
        self.current = bound
        self.changed.emit()

    def choose_strokes(self, layer: Labels | None) -> None:
        """Paint the current image's strokes in this layer.

        Raises
        ------
        InputError
            If no image is chosen, or the layer does not fit it.
        """
        if self.current is None:
            if layer is None:
                return
            raise InputError("There is no image; open one to start.")
        if layer is self.current.strokes:
            return
        self.current.set_strokes(layer)
        for other in self._images:
            if other is not self.current and other.strokes is layer:
                other.release_strokes()
        if layer is not None:
            self.strokes_bound.emit(self.current)
        self.changed.emit()

    def make_strokes(self, classes: Sequence[ClassInfo]) -> Labels:
        """Add an empty strokes layer for the current image to the viewer.

        Raises
        ------
        InputError
            If no image is chosen.
        """
        bound = self.current
        if bound is None:
            raise InputError("There is no image to paint on; open one to start.")
        others = [b for b in self._images if b.strokes is not None]
        name = f"{bound.name} strokes" if others else "strokes"
        layer = make_strokes_layer(
            bound.layer, classes, name=free_name(self._viewer, name)
        )
        bound.set_strokes(layer)
        insert_quietly(self._viewer, layer)
        self.strokes_bound.emit(bound)
        self.changed.emit()
        return layer

    def close(self) -> None:
        """Let go of the viewer and its layers."""
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        for bound in self._images:
            bound.close()
        self._images.clear()
        self.current = None

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        if isinstance(layer, ImageLayer) and self.current is None:
            self._choose_obvious()
        elif isinstance(layer, Labels) and not is_result(layer):
            for bound in self._images:
                if bound.strokes is None and self._find_strokes(bound):
                    self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        bound = self.of_layer(layer)
        if bound is None:
            return
        if layer is bound.strokes:
            bound.release_strokes()
            self.strokes_removed.emit(bound)
        else:
            self._forget(bound)
            if bound is self.current:
                self.current = None
                self._choose_obvious()
        self.changed.emit()

    def _forget(self, bound: BoundImage) -> None:
        self._images.remove(bound)
        self.removed.emit(bound)
        bound.close()

    def _choose_obvious(self) -> None:
        images = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, ImageLayer) and not is_result(layer)
        ]
        if not images:
            return
        active = self._viewer.layers.selection.active
        self.choose(active if active in images else images[0])

    def _find_strokes(self, bound: BoundImage) -> bool:
        taken = [other.strokes for other in self._images if other is not bound]
        fitting = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Labels)
            and not layer.multiscale
            and not is_result(layer)
            and not any(layer is other for other in taken)
            and tuple(layer.data.shape) == _shape_or_none(bound.layer)
        ]
        for_it = [
            layer
            for layer in fitting
            if plugin_metadata(layer).get("image") == bound.name
        ]
        # Without a word about whose it is, only a layer that cannot be meant for
        # another image is taken.
        alone = [
            layer
            for layer in fitting
            if "image" not in plugin_metadata(layer) and self._only_fits(layer, bound)
        ]
        for layer in reversed(for_it or alone):
            bound.set_strokes(layer)
            self.strokes_bound.emit(bound)
            return True
        return False

    def _only_fits(self, layer: Labels, bound: BoundImage) -> bool:
        same = [
            other
            for other in self._viewer.layers
            if isinstance(other, ImageLayer)
            and not is_result(other)
            and other not in bound.layers
            and _shape_or_none(other) == tuple(layer.data.shape)
        ]
        return not same or bound is self.current or self.current is None


def _shape_or_none(layer: Layer) -> tuple[int, ...] | None:
    """Spatial shape of a layer; None where it cannot be read as an image."""
    try:
        return spatial_shape(layer)
    except InputError:
        return None

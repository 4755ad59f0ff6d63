"""An image of a session with its layers and strokes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from psygnal import Signal

from napari_garage_unet.engine.annotations.strokes import check_strokes
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.layers.images import (
    DEFAULT_AXES,
    full_resolution,
    read_image,
    spatial_shape,
)
from napari_garage_unet.layers.matching import name_image
from napari_garage_unet.layers.view import plane_on_view

from .brush_trail import BrushTrail
from .stroke_changes import StrokeChanges

MAX_PREFETCH_BYTES = 100_000_000
"""Size of the largest image that is copied without a noticeable pause, in bytes."""

_numbers = itertools.count(1)


class AnnotatedImage:
    """An image that can be trained on and segmented.

    Parameters
    ----------
    layers
        One Image layer, or several that are the channels of one image.

    Attributes
    ----------
    key
        Its key in the engine process.
    strokes
        The layer its strokes are painted in, or None.
    watch
        The strokes as last looked at; None without a strokes layer.
    learns
        Whether training uses its strokes.
    brush
        Tiles touched by the stroke that is being painted.
    pixels_changed
        Signal: its pixels have to be read again; emitted with the image itself.
    strokes_touched
        Signal: its strokes may have changed; `look` finds out.
    stroke_done
        Signal: a stroke is complete.
    painted
        Signal: pixels were painted; emitted as `StrokeChanges.painted` is.
    brush_changed
        Signal: another class is selected in the strokes layer.
    colors_changed
        Signal: the strokes layer has other colours.
    """

    pixels_changed = Signal(object)
    strokes_touched = Signal()
    stroke_done = Signal()
    painted = Signal(object, object, object, object)
    brush_changed = Signal()
    colors_changed = Signal()

    def __init__(self, layers: Sequence[ImageLayer]) -> None:
        self.key = f"image-{next(_numbers)}"
        self.layers: tuple[ImageLayer, ...] = tuple(layers)
        self.strokes: Labels | None = None
        self.watch: StrokeChanges | None = None
        self.learns = True
        self.brush = BrushTrail()
        self._image: Image | None = None
        for layer in self.layers:
            layer.events.data.connect(self._forget_pixels)
            layer.events.axis_labels.connect(self._forget_pixels)
        self.layer.events.name.connect(self._on_renamed)

    @property
    def layer(self) -> ImageLayer:
        """The first of its layers; results are laid on it."""
        return self.layers[0]

    @property
    def name(self) -> str:
        """Name of its first layer."""
        return str(self.layer.name)

    @property
    def is_quick_to_copy(self) -> bool:
        """Whether it is one plane in memory of at most `MAX_PREFETCH_BYTES`."""
        arrays = [full_resolution(layer) for layer in self.layers]
        return all(
            isinstance(array, np.ndarray)
            and layer.ndim == 2
            and array.nbytes <= MAX_PREFETCH_BYTES
            for array, layer in zip(arrays, self.layers, strict=True)
        )

    @property
    def counts(self) -> dict[int, int]:
        """Painted pixels by class id."""
        return self.watch.counts if self.watch else {}

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """Shape without the channel axis."""
        return spatial_shape(self.layer)

    def image(self) -> Image:
        """Pixels with the meaning of their axes; read once.

        Raises
        ------
        InputError
            If the layers cannot be read as one image.
        """
        if self._image is None:
            self._image = read_image(self.layers)
        return self._image

    def set_strokes(self, layer: Labels | None) -> None:
        """Use this layer for strokes from now on; counts start over.

        Raises
        ------
        InputError
            If the layer does not fit the image; the former one stays in use.
        """
        if layer is not None:
            _check(self, layer.data)
        self.release_strokes()
        if layer is None:
            return
        dtype = np.uint8 if layer.data.dtype == np.uint8 else np.int32
        self.strokes = layer
        self.watch = StrokeChanges(tuple(layer.data.shape), dtype)
        # `paint` comes when the brush is lifted and is silent on undo, `set_data` on
        # some edits of other planes; together they hint at every change.
        layer.events.paint.connect(self._on_done)
        layer.events.set_data.connect(self._on_touched)
        layer.events.selected_label.connect(self._on_brush)
        layer.events.colormap.connect(self._on_colors)
        layer.mouse_drag_callbacks.append(self.brush.follow)
        self.watch.look_at_all(layer.data)
        # Only now: strokes that were there before are not newly painted.
        self.watch.painted.connect(self._on_painted)

    def release_strokes(self) -> None:
        """Stop following the strokes layer."""
        if self.strokes is not None:
            self.strokes.events.paint.disconnect(self._on_done)
            self.strokes.events.set_data.disconnect(self._on_touched)
            self.strokes.events.selected_label.disconnect(self._on_brush)
            self.strokes.events.colormap.disconnect(self._on_colors)
            self.strokes.mouse_drag_callbacks.remove(self.brush.follow)
            self.brush.lift()
        self.strokes = None
        self.watch = None

    def look(self, viewer: Any) -> bool:
        """Compare the strokes of the plane on view; True when they changed.

        Raises
        ------
        InputError
            If the strokes were replaced by some that do not fit; the layer is
            released.
        """
        if self.strokes is None or self.watch is None:
            return False
        if self._is_replaced():
            return True
        if self.strokes.ndim == 2:
            return self.watch.look(None, self.strokes.data, ())
        index = self.plane_on_view(viewer)
        return self.watch.look(self.image(), self.strokes.data, index)

    def look_at_each(self) -> Iterator[bool]:
        """Compare the strokes plane by plane; yields whether each one changed.

        Painting in three dimensions, and undo after the slider has moved, change
        planes that are not on view.
        """
        if self.strokes is None or self.watch is None or self.strokes.ndim == 2:
            return
        layer, watch = self.strokes, self.watch
        for i in range(layer.data.shape[0]):
            if watch is not self.watch or layer.data.shape != watch.seen.shape:
                return
            yield watch.look_at_part(layer.data, i)

    def look_at_all(self) -> bool:
        """Compare the strokes of all planes; True when they changed.

        Raises
        ------
        InputError
            If strokes or image were replaced by some that do not fit.
        """
        if self.strokes is None or self.watch is None:
            return False
        if self._is_replaced():
            return True
        _check(self, self.strokes.data)
        return self.watch.look_at_all(self.strokes.data)

    def _is_replaced(self) -> bool:
        """Bind the strokes layer again if its data has another shape now."""
        layer, watch = self.strokes, self.watch
        assert layer is not None
        assert watch is not None
        if layer.data.shape == watch.seen.shape:
            return False
        self.release_strokes()
        self.set_strokes(layer)
        return True

    def plane_on_view(self, viewer: Any) -> PlaneIndex:
        """Position of the plane that the viewer shows."""
        return plane_on_view(viewer, self.layer)

    def close(self) -> None:
        """Disconnect from the layers."""
        self.release_strokes()
        self.layer.events.name.disconnect(self._on_renamed)
        for layer in self.layers:
            layer.events.data.disconnect(self._forget_pixels)
            layer.events.axis_labels.disconnect(self._forget_pixels)
        self._image = None

    def _forget_pixels(self) -> None:
        self._image = None
        self.pixels_changed.emit(self)

    # Not `painted.emit` itself: psygnal calls it once to learn what it takes.
    def _on_painted(self, key: Any, box: Any, mask: Any, strokes: Any) -> None:
        self.painted.emit(key, box, mask, strokes)

    def _on_renamed(self) -> None:
        # Strokes are matched to their image by its name.
        if self.strokes is not None:
            name_image(self.strokes, self.name)

    def _on_brush(self) -> None:
        self.brush_changed.emit()

    def _on_colors(self) -> None:
        self.colors_changed.emit()

    def _on_done(self) -> None:
        self.stroke_done.emit()

    def _on_touched(self) -> None:
        self.strokes_touched.emit()


def _check(annotated: AnnotatedImage, strokes: Any) -> None:
    """Raise `InputError` unless strokes fit; does not read the pixels."""
    shape = annotated.spatial_shape
    # An array of that shape that takes no memory.
    frame = np.broadcast_to(np.uint8(0), shape)
    check_strokes(Image(frame, DEFAULT_AXES[len(shape)], name=annotated.name), strokes)

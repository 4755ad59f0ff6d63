"""An image of a session with its layers and strokes.

It is over 300 lines because everything that happens to its layers is noticed here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from psygnal import Signal

from napari_garage_unet.engine.annotations.fitting import fits, in_shape
from napari_garage_unet.engine.annotations.stroke_values import check_stroke_values
from napari_garage_unet.engine.annotations.strokes import check_strokes
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.guessing import stack_axes
from napari_garage_unet.engine.images.image import Image, PlaneIndex
from napari_garage_unet.layers.axes import full_resolution, letters_of
from napari_garage_unet.layers.images import (
    check_same_place,
    image_place,
    lies_on_image,
    n_channels,
    read_image,
    spatial_shape,
    with_place,
)
from napari_garage_unet.layers.matching import name_image
from napari_garage_unet.layers.no_data import set_nodata, with_no_data
from napari_garage_unet.layers.place import PLACE_EVENTS, Place
from napari_garage_unet.layers.taking_over import why_not_paintable
from napari_garage_unet.layers.view import plane_on_view

from .brush_trail import BrushTrail
from .placed_layers import PlacedLayers
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
    letters
        What the axes of each layer are, as `letters_of` gives it.
    n_channels
        Number of its channels.
    strokes
        The layer its strokes are painted in, or None.
    watch
        The strokes as last looked at; None without a strokes layer.
    mask
        A layer that is 0 where the image has no data, or None.
    learns
        Whether training uses its strokes.
    is_closed
        Whether it is no longer an image of its session.
    brush
        Tiles touched by the stroke that is being painted.
    placed
        The layers that lie on it and follow it.
    refused
        A layer that cannot be its strokes because it lies elsewhere, has another shape
        or cannot be painted on, but whose paint can be taken over; None without one.
    pixels_changed
        Signal: its pixels have to be read again; emitted with the image itself.
    moved
        Signal: it has another place or pixel size; emitted with the image itself.
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
    axes_changed
        Signal: its axes mean something else now; emitted with the image itself.
    """

    pixels_changed = Signal(object)
    moved = Signal(object)
    strokes_touched = Signal()
    stroke_done = Signal()
    painted = Signal(object, object, object, object)
    brush_changed = Signal()
    colors_changed = Signal()
    axes_changed = Signal(object)

    def __init__(self, layers: Sequence[ImageLayer]) -> None:
        self.key = f"image-{next(_numbers)}"
        self.layers: tuple[ImageLayer, ...] = tuple(layers)
        self.letters = letters_of(self.layers)
        self.n_channels = sum(n_channels(layer) for layer in self.layers)
        self.strokes: Labels | None = None
        self.watch: StrokeChanges | None = None
        self.mask: Layer | None = None
        self.learns = True
        self.brush = BrushTrail()
        self.is_closed = False
        self.placed = PlacedLayers(self.layer)
        self.refused: Labels | None = None
        self._image: Image | None = None
        self._strokes_moved = False
        self.placed.moved.connect(self._on_moved)
        for layer in self.layers:
            layer.events.data.connect(self._forget_pixels)
            layer.events.axis_labels.connect(self._on_axes)
        self.layer.events.name.connect(self._on_renamed)

    @property
    def layer(self) -> ImageLayer:
        """The first of its layers; results are laid on it."""
        return self.layers[0]

    @property
    def is_readable(self) -> bool:
        """Whether it is known what the axes of its layers are."""
        return all(self.letters)

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

    @property
    def painted_data(self) -> Any:
        """The array of its strokes layer in the image's spatial shape, a view.

        The layer has an axis of length 1 where the image has channels.
        """
        assert self.strokes is not None
        return in_shape(self.strokes.data, self.spatial_shape)

    @property
    def place(self) -> Place:
        """Its pixel size and position, as its layer says now."""
        return image_place(self.layer)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about its place, and about how it was read once it was."""
        try:
            notes = self.place.notes
        except InputError:  # reading it says why
            return ()
        return notes if self._image is None else (*notes, *self._image.notes)

    def image(self) -> Image:
        """Pixels with the meaning of their axes; read once.

        Raises
        ------
        InputError
            If the layers cannot be read as one image.
        """
        if self._image is None:
            image = read_image(self.layers)
            self._image = with_no_data(image, self.layer, self.mask)
        return self._image

    def say_nodata(self, value: float | None) -> None:
        """Take a value of its pixels for no data; None if none stands for that."""
        set_nodata(self.layer, value)
        self._forget_pixels()

    def choose_mask(self, layer: Layer | None) -> None:
        """Take a layer for a mask that is 0 where there is no data; None for none."""
        if self.mask is not None:
            self.mask.events.data.disconnect(self._forget_pixels)
        self.mask = layer
        if layer is not None:
            layer.events.data.connect(self._forget_pixels)
        self._forget_pixels()

    def set_strokes(self, layer: Labels | None) -> None:
        """Use this layer for strokes from now on; counts start over.

        Raises
        ------
        InputError
            If the layer does not fit the image, lies elsewhere, or what is in it cannot
            be strokes; the former one stays in use.
        """
        if layer is not None:
            self._check_layer(layer)
        self.release_strokes()
        self.refused = None
        if layer is None:
            return
        dtype = np.uint8 if layer.data.dtype == np.uint8 else np.int32
        self.strokes = layer
        self.placed.add(layer)
        self.watch = StrokeChanges(self.spatial_shape, dtype)
        self.brush.spatial_shape = self.spatial_shape
        # `paint` comes when the brush is lifted and is silent on undo, `set_data` on
        # some edits of other planes; together they hint at every change.
        layer.editable = True  # what a copy of a result need not be
        layer.events.paint.connect(self._on_done)
        layer.events.set_data.connect(self._on_touched)
        layer.events.selected_label.connect(self._on_brush)
        layer.events.colormap.connect(self._on_colors)
        for name in PLACE_EVENTS:
            getattr(layer.events, name).connect(self._on_strokes_moved)
        layer.mouse_drag_callbacks.append(self.brush.follow)
        self.watch.look_at_all(self.painted_data)
        # Only now: strokes that were there before are not newly painted.
        self.watch.painted.connect(self._on_painted)

    def release_strokes(self) -> None:
        """Stop following the strokes layer."""
        if self.strokes is not None:
            self.strokes.events.paint.disconnect(self._on_done)
            self.strokes.events.set_data.disconnect(self._on_touched)
            self.strokes.events.selected_label.disconnect(self._on_brush)
            self.strokes.events.colormap.disconnect(self._on_colors)
            for name in PLACE_EVENTS:
                getattr(self.strokes.events, name).disconnect(self._on_strokes_moved)
            self.placed.discard(self.strokes)
            self.strokes.mouse_drag_callbacks.remove(self.brush.follow)
            self.brush.lift()
        self.strokes = None
        self.watch = None
        self._strokes_moved = False

    def look(self, viewer: Any) -> bool:
        """Compare the strokes of the plane on view; True when they changed.

        Raises
        ------
        InputError
            If the strokes were moved away or replaced by some that do not fit or cannot
            be strokes; the layer is released.
        """
        if self.strokes is None or self.watch is None:
            return False
        if self._is_replaced():
            return True
        known = len(self.watch.counts)
        if self.watch.seen.ndim == 2:
            changed = self.watch.look(None, self.painted_data, ())
        else:
            index = self.plane_on_view(viewer)
            changed = self.watch.look(self.image(), self.painted_data, index)
        self._check_what_came(known)
        return changed

    def look_at_each(self) -> Iterator[bool]:
        """Compare the strokes plane by plane; yields whether each one changed.

        Painting in three dimensions, and undo after the slider has moved, change
        planes that are not on view.
        """
        if self.strokes is None or self.watch is None or self.watch.seen.ndim == 2:
            return
        watch = self.watch
        for i in range(len(watch.seen)):
            if watch is not self.watch or not self._fits():
                return
            yield watch.look_at_part(self.painted_data, i)

    def look_at_all(self) -> bool:
        """Compare the strokes of all planes; True when they changed.

        Raises
        ------
        InputError
            If strokes or image were moved apart or replaced by some that do not fit.
        """
        return any(list(self.look_in_turn()))

    def look_in_turn(self) -> Iterator[bool]:
        """Compare the strokes plane by plane, those that were replaced first.

        Yields
        ------
        bool
            Whether something has changed.

        Raises
        ------
        InputError
            If strokes or image were replaced by some that do not fit.
        """
        if self.strokes is None or self.watch is None:
            return
        if self._is_replaced():
            yield True
            return
        _check(self, self.strokes.data)
        known = len(self.watch.counts)
        if self.watch.seen.ndim == 2:
            yield self.watch.look_at_all(self.painted_data)
        else:
            yield from self.look_at_each()
        self._check_what_came(known)

    def _check_what_came(self, known: int) -> None:
        """Release the strokes layer if several ids came at once that cannot be classes.

        A brush adds one id at a time; a picture that is pasted adds hundreds.
        """
        layer, watch = self.strokes, self.watch
        if layer is None or watch is None or len(watch.counts) <= known + 1:
            return
        try:
            check_stroke_values(layer.data, name=f"The pixels of {layer.name!r}")
        except InputError:
            self.release_strokes()
            raise

    def _is_replaced(self) -> bool:
        """Bind the strokes layer again if its data has another shape now.

        Raises
        ------
        InputError
            If it lies elsewhere or does not fit; it is released.
        """
        layer, watch = self.strokes, self.watch
        assert layer is not None
        assert watch is not None
        if self._strokes_moved:
            self._strokes_moved = False
            if not lies_on_image(layer, self.layer):
                self.release_strokes()
                self.check_place(layer)
        is_in_memory = isinstance(layer.data, np.ndarray)
        if is_in_memory and self._fits() and self.spatial_shape == watch.seen.shape:
            return False
        self.release_strokes()
        self.set_strokes(layer)
        return True

    def _fits(self) -> bool:
        return self.strokes is not None and fits(
            self.strokes.data.shape, self.spatial_shape
        )

    def plane_on_view(self, viewer: Any) -> PlaneIndex:
        """Position of the plane that the viewer shows."""
        return plane_on_view(viewer, self.layer)

    def close(self) -> None:
        """Disconnect from the layers."""
        self.is_closed = True
        self.release_strokes()
        self.layer.events.name.disconnect(self._on_renamed)
        if self.mask is not None:
            self.mask.events.data.disconnect(self._forget_pixels)
        for layer in self.layers:
            layer.events.data.disconnect(self._forget_pixels)
            layer.events.axis_labels.disconnect(self._on_axes)
        self._image = None

    def _on_axes(self) -> None:
        self.axes_changed.emit(self)

    def _forget_pixels(self) -> None:
        self._image = None
        self.n_channels = sum(n_channels(layer) for layer in self.layers)
        if letters_of(self.layers) == self.letters:
            self.pixels_changed.emit(self)
        else:
            self.axes_changed.emit(self)

    def _check_layer(self, layer: Labels) -> None:
        """Raise `InputError` unless a layer can be the strokes."""
        self.check_place(layer)
        reason = why_not_paintable(layer)
        if reason:
            self.refused = layer
            raise InputError(
                f"{layer.name!r} cannot be painted on, because {reason}; take its "
                "paint over into a new layer."
            )
        has_its_axes = layer.ndim in (len(self.spatial_shape), self.layer.ndim)
        if has_its_axes and not fits(layer.data.shape, self.spatial_shape):
            self.refused = layer
        _check(self, layer.data)
        check_stroke_values(layer.data, name=f"The pixels of {layer.name!r}")

    def check_place(self, layer: Labels) -> None:
        """Raise `InputError` if a layer lies elsewhere; it is `refused` then."""
        if not lies_on_image(layer, self.layer):
            self.refused = layer
            check_same_place(layer, self.layer, what="strokes and their image")

    def _on_moved(self) -> None:
        if not self.is_closed and letters_of(self.layers) != self.letters:
            # Its units tell what its axes are.
            self.axes_changed.emit(self)
            return
        if self._image is not None:
            self._image = with_place(self._image, self.place)
        self.moved.emit(self)

    def _on_strokes_moved(self) -> None:
        # Looked at later, because a move is several events and layers may be linked.
        self._strokes_moved = True
        self.strokes_touched.emit()

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
    # Arrays of these shapes that take no memory.
    frame = np.broadcast_to(np.uint8(0), shape)
    painted = strokes.shape
    if fits(painted, shape):
        painted = shape
    strokes = np.broadcast_to(np.zeros((), strokes.dtype), painted)
    check_strokes(Image(frame, stack_axes(shape), name=annotated.name), strokes)

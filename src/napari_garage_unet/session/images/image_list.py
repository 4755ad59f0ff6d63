"""The images of a session and the current one.

It is over 300 lines because which image is meant and which layer has its strokes follow
from each other, whatever a person opens, chooses or deletes.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.annotations.fitting import fits
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.layers.axes import axes_of, layer_axes, letters_of, say_axes
from napari_garage_unet.layers.images import (
    check_same_place,
    lies_on_image,
    spatial_shape,
)
from napari_garage_unet.layers.matching import (
    is_result,
    lines_up,
    make_strokes_layer,
    strokes_laid_on,
)
from napari_garage_unet.layers.metadata import is_made_for_strokes, plugin_metadata
from napari_garage_unet.layers.taking_over import (
    paint_as_seen,
    paint_by_index,
    why_not_paintable,
)
from napari_garage_unet.layers.view import show_planes
from napari_garage_unet.layers.writing import free_name, insert_quietly

from .annotated_image import AnnotatedImage

logger = logging.getLogger(__name__)


class ImageList:
    """The images of a session, kept in step with the viewer's layers.

    An image is chosen where only one choice is possible, and a strokes layer among
    those that were made for strokes; any other Labels layer is only chosen by a person.
    Both are dropped when their layer is deleted.

    Parameters
    ----------
    viewer
        A `ViewerModel`.

    Attributes
    ----------
    changed
        Signal: another image or strokes layer is current, or one was deleted.
    added
        Signal: an image was added; emitted with the `AnnotatedImage`.
    removed
        Signal: an image was removed; emitted with the `AnnotatedImage`, whose key
        stays valid.
    strokes_bound
        Signal: a strokes layer was chosen or made; emitted with the `AnnotatedImage`.
    strokes_removed
        Signal: a strokes layer was deleted; emitted with the `AnnotatedImage` it
        belonged to.
    rearranged
        Signal: the axes of an image mean something else. Emitted with the
        `AnnotatedImage` that it was, and with its strokes layer where that does not
        fit any more; None where it does.
    current
        The image that is worked on; None without any.
    """

    changed = Signal()
    added = Signal(object)
    removed = Signal(object)
    strokes_bound = Signal(object)
    strokes_removed = Signal(object)
    rearranged = Signal(object, object)

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._images: list[AnnotatedImage] = []
        # Results of an image that has gone still follow its layer.
        self._made: weakref.WeakSet[AnnotatedImage] = weakref.WeakSet()
        self.current: AnnotatedImage | None = None
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.units.connect(self._on_units)
        self._choose_obvious()

    def __iter__(self) -> Iterator[AnnotatedImage]:
        return iter(tuple(self._images))

    def __len__(self) -> int:
        return len(self._images)

    def of_layer(self, layer: Layer | None) -> AnnotatedImage | None:
        """The image that has this layer among its image or strokes layers."""
        return next(
            (b for b in self._images if layer in b.layers or layer is b.strokes), None
        )

    def by_key(self, key: str) -> AnnotatedImage | None:
        """The image with this key in the engine."""
        return next(
            (annotated for annotated in self._images if annotated.key == key), None
        )

    def bind(self, layer: ImageLayer) -> AnnotatedImage:
        """The image of a layer, made when there is none yet.

        Its strokes layer is found where that is obvious.
        """
        annotated = next((b for b in self._images if b.layer is layer), None)
        if annotated is None:
            annotated = self._add([layer])
        if annotated.strokes is None:
            self._find_strokes(annotated)
        return annotated

    def choose(self, layer: ImageLayer | None) -> None:
        """Make this the current image."""
        chosen = None if layer is None else self.bind(layer)
        if chosen is not self.current:
            self.current = chosen
            self.changed.emit()

    def choose_channels(self, layers: Sequence[ImageLayer]) -> None:
        """Make an image of several channels the current one; the first layer names it.

        Raises
        ------
        InputError
            If there is no layer, or they differ in shape or place.
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
            check_same_place(layer, layers[0], what="channels of one image")
        old = self.current
        if old is not None and old.layers == tuple(layers):
            return
        for layer in layers[1:]:
            if axes_of(layer).source is AxesSource.SHAPE:
                say_axes(layer, layer_axes(layers[0]))
        strokes = None if old is None else old.strokes
        if old is not None:
            self._forget(old)
        annotated = self._add(layers)
        if strokes is None or not self._keep_strokes(annotated, strokes):
            self._find_strokes(annotated)
        self.current = annotated
        self.changed.emit()

    def rearrange(self, annotated: AnnotatedImage, letters: str) -> AnnotatedImage:
        """Take the axes of an image for something else, as a person says.

        Its strokes layer stays in the viewer, and stays in use where it fits.

        Parameters
        ----------
        annotated
            The image; another one takes its place, unless its axes are that already.
        letters
            One letter of ``"tzyxc"`` per axis of its layers.

        Returns
        -------
        AnnotatedImage
            The image from now on.

        Raises
        ------
        InputError
            If the letters do not fit its layers.
        """
        for layer in annotated.layers:
            say_axes(layer, letters)
        return self._read_again(annotated)

    def choose_strokes(self, layer: Labels | None) -> None:
        """Use this layer for the strokes of the current image.

        Raises
        ------
        InputError
            If no image is chosen, the layer does not fit it or lies elsewhere, or what
            is in it cannot be strokes.
        """
        if self.current is None:
            if layer is None:
                return
            raise InputError("There is no image; open one to start.")
        if layer is self.current.strokes:
            return
        chosen = layer
        self.current.refused = None  # The offer is about the layer chosen last.
        try:
            if layer is not None and not lines_up(layer, self.current.layer):
                self.current.check_place(layer)
                chosen = self._laid_on(layer, self.current)
            self.current.set_strokes(chosen)
        except InputError:
            self.changed.emit()  # its paint may be taken over
            raise
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
        annotated = self.current
        if annotated is None:
            raise InputError("There is no image to paint on; open one to start.")
        others = [b for b in self._images if b.strokes is not None]
        name = f"{annotated.name} strokes" if others else "strokes"
        layer = make_strokes_layer(
            annotated.layer, classes, name=free_name(self._viewer, name)
        )
        self._insert_strokes(annotated, layer)
        return layer

    def take_over(self, classes: Sequence[ClassInfo], *, by_index: bool) -> Labels:
        """Make strokes for the current image of the paint of a layer that was refused.

        Parameters
        ----------
        classes
            Names and colours.
        by_index
            Whether the paint goes to the pixels of the same index, not to those that
            it is seen on. Strokes that this plugin has made for the image are put back
            onto it then.

        Returns
        -------
        Labels
            A new layer on the image; any other layer stays as it is.

        Raises
        ------
        InputError
            If no layer was refused, or none of its paint is on the image.
        """
        annotated = self.current
        layer = None if annotated is None else annotated.refused
        if annotated is None or layer is None:
            raise InputError("There are no strokes to take over; choose a layer.")
        entry = plugin_metadata(layer)
        if by_index and (entry.get("kind"), entry.get("image")) == (
            "strokes",
            annotated.name,
        ):
            annotated.placed.add(layer)
            self.choose_strokes(layer)
            return layer
        paint = paint_by_index if by_index else paint_as_seen
        new = make_strokes_layer(
            annotated.layer,
            classes,
            name=free_name(self._viewer, f"{layer.name} on {annotated.name}"),
        )
        new.data = paint(layer, annotated.layer).reshape(new.data.shape)
        self._insert_strokes(annotated, new)
        return new

    def decline(self) -> None:
        """Leave the layer that was refused for the current image where it is."""
        if self.current is not None:
            self.current.refused = None
            self.changed.emit()

    def _insert_strokes(self, annotated: AnnotatedImage, layer: Labels) -> None:
        annotated.set_strokes(layer)
        insert_quietly(self._viewer, layer)
        show_planes(self._viewer, annotated.layer)
        self.strokes_bound.emit(annotated)
        self.changed.emit()

    def close(self) -> None:
        """Disconnect from the viewer and its layers."""
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.dims.events.units.disconnect(self._on_units)
        for annotated in self._images:
            annotated.close()
        for annotated in self._made:
            annotated.placed.close()
        self._images.clear()
        self.current = None

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        if isinstance(layer, ImageLayer) and self.current is None:
            self._choose_obvious()
        elif isinstance(layer, Labels) and is_made_for_strokes(layer):
            for annotated in self._images:
                if annotated.strokes is None and self._find_strokes(annotated):
                    self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        # It may have been the one that gave the world its units.
        for each in self._made:
            each.placed.use_units(None)
        self._on_units()
        for each in self._images:
            if each.refused is layer:
                each.refused = None
                self.changed.emit()
        annotated = self.of_layer(layer)
        if annotated is None:
            return
        if layer is annotated.strokes:
            annotated.release_strokes()
            self.strokes_removed.emit(annotated)
        else:
            self._forget(annotated)
            if annotated is self.current:
                self.current = None
                self._choose_obvious()
        self.changed.emit()

    def _add(self, layers: Sequence[ImageLayer]) -> AnnotatedImage:
        annotated = AnnotatedImage(layers)
        self._made.add(annotated)
        annotated.placed.use_units(self._viewer.dims.units)
        annotated.moved.connect(self._on_moved)
        annotated.axes_changed.connect(self._read_again)
        self._images.append(annotated)
        self.added.emit(annotated)
        return annotated

    def _read_again(self, old: AnnotatedImage) -> AnnotatedImage:
        """Put an image in the place of one whose axes mean something else now."""
        if letters_of(old.layers) == old.letters:
            self.changed.emit()  # Another one says the same of them.
            return old
        strokes = old.strokes
        self._images.remove(old)
        old.close()
        new = self._add(old.layers)
        new.learns = old.learns
        keeps = strokes is not None and self._keep_strokes(new, strokes)
        if new.strokes is None:
            self._find_strokes(new)
        if old is self.current:
            self.current = new
        left = None if keeps else strokes
        if left is not None and plugin_metadata(left) and not np.any(left.data):
            # Made by the plugin, and nothing is lost with it.
            self._viewer.layers.remove(left)
            left = None
        self.rearranged.emit(old, left)
        self.changed.emit()
        return new

    def _keep_strokes(self, annotated: AnnotatedImage, strokes: Labels) -> bool:
        """Use the strokes layer that an image had before, if it lies on it."""
        layer = annotated.layer
        if not _lines_up(strokes, layer) or not lies_on_image(strokes, layer):
            return False
        annotated.set_strokes(strokes)
        self.strokes_bound.emit(annotated)
        return True

    def _laid_on(self, layer: Labels, annotated: AnnotatedImage) -> Labels:
        """Copy strokes into a layer that lies on an image, where only that is amiss.

        Such a layer has no axis where the image has its channels, so napari shows it
        at the wrong planes.
        """
        if not fits(layer.data.shape, annotated.spatial_shape):
            return layer  # Nothing helps; the check that follows says why.
        name = free_name(self._viewer, f"{layer.name} on {annotated.name}")
        made = strokes_laid_on(layer, annotated.layer, name=name)
        insert_quietly(self._viewer, made)
        layer.visible = False
        return made

    def _on_moved(self, annotated: AnnotatedImage) -> None:
        annotated.placed.use_units(self._viewer.dims.units)

    def _on_units(self) -> None:
        for annotated in self._made:
            annotated.placed.use_units(self._viewer.dims.units)

    def _forget(self, annotated: AnnotatedImage) -> None:
        self._images.remove(annotated)
        self.removed.emit(annotated)
        annotated.close()

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

    def _find_strokes(self, annotated: AnnotatedImage) -> bool:
        """Bind the strokes layer of an image if only one can be meant.

        Only layers that the plugin made for strokes are taken; they name their image.
        One that names none, as of a sample, is taken only if it fits no other image.
        """
        taken = [other.strokes for other in self._images if other is not annotated]
        fitting = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Labels)
            and not why_not_paintable(layer)
            and is_made_for_strokes(layer)
            and not any(layer is other for other in taken)
            and _lines_up(layer, annotated.layer)
            and lies_on_image(layer, annotated.layer)
        ]
        for_it = [
            layer
            for layer in fitting
            if plugin_metadata(layer).get("image") == annotated.name
        ]
        alone = [
            layer
            for layer in fitting
            if "image" not in plugin_metadata(layer)
            and self._only_fits(layer, annotated)
        ]
        for layer in reversed(for_it or alone):
            try:
                annotated.set_strokes(layer)
            except InputError as error:
                # Nobody has asked for it; whoever chooses it is told why not.
                logger.info("%s is not taken for strokes: %s", layer.name, error)
                continue
            self.strokes_bound.emit(annotated)
            return True
        return False

    def _only_fits(self, layer: Labels, annotated: AnnotatedImage) -> bool:
        same = [
            other
            for other in self._viewer.layers
            if isinstance(other, ImageLayer)
            and not is_result(other)
            and other not in annotated.layers
            and _lines_up(layer, other)
        ]
        return not same or annotated is self.current or self.current is None


def _lines_up(layer: Layer, image_layer: Layer) -> bool:
    """Whether a layer lies on an image; False where it cannot be read as an image."""
    try:
        return lines_up(layer, image_layer)
    except InputError:
        return False

"""Strokes layers: making them, activating their brush, keeping their classes alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from napari.layers import Labels

from napari_garage_unet.layers.colors import layer_color, recolor, strokes_colormap
from napari_garage_unet.layers.writing import pick_up_brush, pick_up_eraser
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.images.image_list import ImageList

from .class_layers import classes_of, names_classes, show_classes
from .class_list import ClassList


class Painting:
    """Makes strokes layers, activates the brush, and keeps layers and classes alike.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    images
        The images that get strokes layers.
    classes
        Names and colours that the layers show.
    """

    def __init__(self, viewer: Any, *, images: ImageList, classes: ClassList) -> None:
        self._viewer = viewer
        self._images = images
        self._classes = classes

    def make_layer(self) -> Labels:
        """Add an empty strokes layer for the current image.

        Raises
        ------
        InputError
            If there is no image to paint on.
        """
        self._classes.start()
        return self._images.make_strokes(tuple(self._classes))

    def take_over(self, *, by_index: bool) -> Labels:
        """Make strokes of the paint of a layer that was refused, with its classes.

        Raises
        ------
        InputError
            See `ImageList.take_over`.
        """
        annotated = self._images.current
        if annotated is not None and annotated.refused is not None:
            brought = classes_of(annotated.refused, annotated)
            self._classes.adopt(i for i in brought if i.id not in self._classes)
        self._classes.start()
        return self._images.take_over(tuple(self._classes), by_index=by_index)

    def layer(self) -> Labels:
        """Return the layer to paint in, made when there is none.

        Raises
        ------
        InputError
            If there is no image to paint on.
        """
        layer = self._current_layer()
        return self.make_layer() if layer is None else layer

    def pick_up(self, class_id: int) -> Labels:
        """Activate the brush with a class.

        Returns
        -------
        Labels
            The layer to paint in, made when there is none.

        Raises
        ------
        InputError
            If there is no image to paint on.
        """
        layer = self.layer()
        pick_up_brush(self._viewer, layer, class_id)
        return layer

    def pick_up_eraser(self) -> None:
        """Activate the eraser, unless there are no strokes to erase."""
        layer = self._current_layer()
        if layer is not None:
            pick_up_eraser(self._viewer, layer)

    def take_colors(self) -> None:
        """Give the classes the colours of the current strokes layer."""
        layer = self._current_layer()
        if layer is None:
            return
        found = {info.id: layer_color(layer, info.id) for info in self._classes}
        self._classes.recolor({i: color for i, color in found.items() if color})

    def set_color(self, class_id: int, color: str) -> None:
        """Change the colour of a class, ``"#rrggbb"``, in every strokes layer."""
        self._classes.recolor({class_id: color})
        for annotated in self._images:
            if annotated.strokes is not None:
                recolor(annotated.strokes, strokes_colormap(self._classes))

    def show_classes(self) -> None:
        """Give all strokes layers the names and colours of the classes."""
        for annotated in self._images:
            if annotated.strokes is not None:
                show_classes(
                    annotated.strokes, tuple(self._classes), image=annotated.name
                )

    def adopt_classes(
        self, layer: Labels, annotated: AnnotatedImage, *, painted: Collection[int]
    ) -> None:
        """Take over the classes of a strokes layer.

        A layer that does not name its classes changes no class that there is.

        Parameters
        ----------
        layer
            The strokes layer.
        annotated
            Its image.
        painted
            Ids of classes that are painted elsewhere and keep name and colour.
        """
        keeps = set(painted)
        if not names_classes(layer):
            keeps.update(info.id for info in self._classes)
        brought = classes_of(layer, annotated)
        self._classes.adopt(info for info in brought if info.id not in keeps)
        self._classes.start()

    def _current_layer(self) -> Labels | None:
        current = self._images.current
        return None if current is None else current.strokes

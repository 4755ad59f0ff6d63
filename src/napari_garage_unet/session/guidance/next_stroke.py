"""Where the model is uncertain, and where to paint next."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.utils.colormaps import Colormap
from psygnal import Signal

from napari_garage_unet.engine.annotations.fitting import in_shape
from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.engine.inference.boxes import Box
from napari_garage_unet.engine.suggestions.next_stroke import (
    WINDOW_SIDE_PIXELS,
    next_place,
    uncertainty,
)
from napari_garage_unet.layers.matching import made_shape
from napari_garage_unet.layers.metadata import mark_result
from napari_garage_unet.layers.view import look_at
from napari_garage_unet.layers.writing import free_name, insert_quietly, redraw
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.preview.preview import Preview
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

CLEAR_TO_WHITE = ((1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 1.0, 0.9))
"""Colours from certain to uncertain: no class is white, and clear shows the preview."""

MAX_REMEMBERED_PLACES = 12
"""Places visited last, which are not suggested again."""


class Guidance:
    """Shows the uncertainty of the live model, and where a stroke would help it most.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results
        Has the previews with the probabilities of the live model.
    preview
        Refreshes them.

    Attributes
    ----------
    changed
        The uncertainty layer was added or removed.
    layer
        Image layer of the uncertainty, uint8; None while it is not shown.
    """

    changed = Signal()

    def __init__(self, viewer: Any, *, results: ResultList, preview: Preview) -> None:
        self._viewer = viewer
        self._results = results
        self._visited: dict[tuple[str, PlaneIndex], list[tuple[float, float]]] = {}
        self._result: Result | None = None
        self.layer: ImageLayer | None = None
        preview.refreshed.connect(self._on_refreshed)
        viewer.layers.events.removed.connect(self._on_removed)

    def show(self, annotated: AnnotatedImage | None) -> None:
        """Add the uncertainty layer of an image.

        Raises
        ------
        InputError
            If there is no preview of it yet.
        """
        result = self._preview_of(annotated)
        self.hide()
        layer = ImageLayer(
            np.zeros(made_shape(result.annotated.layer), np.uint8),
            name=free_name(self._viewer, f"{result.annotated.name} (uncertainty)"),
            colormap=Colormap(CLEAR_TO_WHITE, name="uncertainty"),
            blending="translucent",
            contrast_limits=(0, 255),
        )
        entry = {"kind": "uncertainty", "image": result.annotated.name}
        mark_result(layer, entry)
        result.annotated.placed.add(layer)
        self.layer, self._result = layer, result
        for index in result.planes:
            height, width = result.image.plane_shape
            self._fill(result, index, (0, height, 0, width))
        insert_quietly(self._viewer, layer, below=result.annotated.strokes)
        self.changed.emit()

    def hide(self) -> None:
        """Remove the uncertainty layer."""
        if self.layer is not None:
            # `_on_removed` lets go of it.
            self._viewer.layers.remove(self.layer)

    def go_to_next(self, annotated: AnnotatedImage | None) -> tuple[float, float]:
        """Move the camera to where a stroke would help the model most.

        Returns
        -------
        tuple of float
            The place in pixels, ``(y, x)``.

        Raises
        ------
        InputError
            If there is no preview yet, or the model is certain everywhere.
        """
        result = self._preview_of(annotated)
        annotated = result.annotated
        index = annotated.plane_on_view(self._viewer)
        levels = result.probabilities(index)
        if levels is None or annotated.strokes is None:
            raise InputError("This plane has no preview yet; wait a moment.")
        strokes = result.image.spatial_plane(annotated.painted_data, index)
        visited = self._visited.setdefault((annotated.key, index), [])
        place = next_place(levels, strokes, visited=visited)
        if place is None:
            raise InputError("The model is in no doubt anywhere on this plane.")
        visited.append(place)
        del visited[:-MAX_REMEMBERED_PLACES]
        look_at(
            self._viewer, annotated.layer, index, place, side=3 * WINDOW_SIDE_PIXELS
        )
        return place

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def _preview_of(self, annotated: AnnotatedImage | None) -> Result:
        result = self._results.preview_of(annotated) if annotated is not None else None
        if result is None:
            raise InputError("There is no preview yet; press Learn first.")
        return result

    def _on_refreshed(self, result: Result, index: PlaneIndex, box: Box) -> None:
        if self.layer is not None and result is self._result:
            self._fill(result, index, box)
            redraw(self.layer)

    def _fill(self, result: Result, index: PlaneIndex, box: Box) -> None:
        levels = result.probabilities(index)
        if levels is None or self.layer is None:
            return
        y0, y1, x0, x1 = box
        whole = in_shape(self.layer.data, result.image.spatial_shape)
        plane = whole[result.image.spatial_key(index)]
        plane = plane.T if result.image.is_transposed else plane
        plane[y0:y1, x0:x1] = uncertainty(levels[:, y0:y1, x0:x1])

    def _on_removed(self, event: Any) -> None:
        gone = event.value
        if gone is self.layer:
            self.layer = self._result = None
            self.changed.emit()
        elif self._result is not None and gone is self._result.layer:
            self.hide()

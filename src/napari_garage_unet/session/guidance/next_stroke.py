"""Where the model is in doubt, and where to paint next."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.utils.colormaps import Colormap
from psygnal import Signal

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.engine.suggestions.next_stroke import WINDOW, doubt, next_place
from napari_garage_unet.layers.matching import METADATA_KEY, placement
from napari_garage_unet.layers.view import look_at
from napari_garage_unet.layers.writing import free_name, insert_quietly, redraw
from napari_garage_unet.session.connection.requests import Box
from napari_garage_unet.session.images.annotated_image import AnnotatedImage
from napari_garage_unet.session.preview.preview import Preview
from napari_garage_unet.session.results.result import Result
from napari_garage_unet.session.results.result_list import ResultList

CLEAR_TO_WHITE = ((1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 1.0, 0.9))
"""No class has this colour, and where there is no doubt the preview is seen."""

REMEMBERED = 12
"""Places that are not gone to again soon."""


class Guidance:
    """Shows the doubt of the live model, and leads to where a stroke would teach most.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    results, preview
        Have the probabilities of the live model.

    Attributes
    ----------
    changed
        The layer of the doubt has come or gone.
    layer
        Shows the doubt; None while it is not wanted.
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
        """Add the layer of the doubt of an image.

        Raises
        ------
        InputError
            If there is no preview of it yet.
        """
        result = self._preview_of(annotated)
        self.hide()
        layer = ImageLayer(
            np.zeros(result.image.spatial_shape, np.uint8),
            name=free_name(self._viewer, f"{result.annotated.name} (uncertainty)"),
            colormap=Colormap(CLEAR_TO_WHITE, name="uncertainty"),
            blending="translucent",
            contrast_limits=(0, 255),
            metadata={
                METADATA_KEY: {"kind": "uncertainty", "image": result.annotated.name}
            },
            **placement(result.annotated.layer),
        )
        self.layer, self._result = layer, result
        for index in result.planes:
            height, width = result.image.plane_shape
            self._fill(result, index, (0, height, 0, width))
        insert_quietly(self._viewer, layer, below=result.annotated.strokes)
        self.changed.emit()

    def hide(self) -> None:
        """Remove the layer of the doubt."""
        if self.layer is not None:
            # It is let go of in `_on_removed`.
            self._viewer.layers.remove(self.layer)

    def go_on(self, annotated: AnnotatedImage | None) -> tuple[float, float]:
        """Move the camera to where a stroke would teach most.

        Returns
        -------
        tuple of float
            The place in pixels, ``(y, x)``.

        Raises
        ------
        InputError
            If there is no preview yet, or the model is in no doubt.
        """
        result = self._preview_of(annotated)
        annotated = result.annotated
        index = annotated.plane_on_view(self._viewer)
        levels = result.probabilities(index)
        if levels is None or annotated.strokes is None:
            raise InputError("This plane has no preview yet; wait a moment.")
        strokes = result.image.spatial_plane(np.asarray(annotated.strokes.data), index)
        visited = self._visited.setdefault((annotated.key, index), [])
        place = next_place(levels, strokes, visited=visited)
        if place is None:
            raise InputError("The model is in no doubt anywhere on this plane.")
        visited.append(place)
        del visited[:-REMEMBERED]
        look_at(self._viewer, annotated.layer, index, place, side=3 * WINDOW)
        return place

    def close(self) -> None:
        """Let go of the viewer."""
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
        plane = self.layer.data[result.image.spatial_key(index)]
        plane = plane.T if result.image.is_transposed else plane
        plane[y0:y1, x0:x1] = doubt(levels[:, y0:y1, x0:x1])

    def _on_removed(self, event: Any) -> None:
        gone = event.value
        if gone is self.layer:
            self.layer = self._result = None
            self.changed.emit()
        elif self._result is not None and gone is self._result.layer:
            self.hide()

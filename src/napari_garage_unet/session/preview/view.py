"""What a viewer shows of a plane, as the scheduling of previews needs it."""

from __future__ import annotations

from typing import Any

from napari_garage_unet.engine.images.image import PlaneIndex
from napari_garage_unet.engine.inference.boxes import Box
from napari_garage_unet.layers.view import region_on_view, step_on_view
from napari_garage_unet.session.images.annotated_image import AnnotatedImage

from .schedule import View


def view_of(viewer: Any, annotated: AnnotatedImage, index: PlaneIndex) -> View:
    """Return what a viewer shows of a plane of an image, and its newest stroke."""
    return View(
        region_on_view(annotated.layer, viewer),
        step_on_view(viewer, annotated.layer),
        _last_stroke(annotated, index),
    )


def _last_stroke(annotated: AnnotatedImage, index: PlaneIndex) -> Box | None:
    """Return the box of the newest stroke where it lies on a plane, else None."""
    last = annotated.watch.last_box if annotated.watch is not None else None
    image = annotated.image()
    if last is None or last[0] not in ((), image.spatial_key(index)):
        return None
    if len(last[1]) != 2:
        return None
    rows, columns = last[1][::-1] if image.is_transposed else last[1]
    return rows.start, rows.stop, columns.start, columns.stop

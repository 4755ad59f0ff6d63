"""Writing results into layers in place, and changing layers without side effects.

Assigning ``layer.data`` makes napari recompute the extents of the scene, rebuild its
textures and make the layer editable again. Writing into the array and refreshing once
does none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from numpy.typing import NDArray

from napari_garage_unet.engine.annotations.fitting import in_shape
from napari_garage_unet.engine.class_ids import check_class_ids


def write_plane(
    layer: Layer,
    key: tuple[Any, ...],
    plane: NDArray[Any],
    *,
    shape: Sequence[int] | None = None,
    refresh: bool = True,
) -> bool:
    """Write one plane into a layer's array.

    Parameters
    ----------
    layer
        A single-scale Labels or Image layer.
    key
        Index of the plane in the layer's array.
    plane
        The new values.
    shape
        Shape in which the key counts, which differs from that of the array by axes of
        length 1; by default that of the array.
    refresh
        Whether the layer is redrawn afterwards.

    Returns
    -------
    bool
        Whether any value has changed.
    """
    target = in_shape(layer.data, layer.data.shape if shape is None else shape)[key]
    if target.shape == plane.shape and np.array_equal(target, plane):
        return False
    target[...] = plane
    if refresh:
        redraw(layer)
    return True


def redraw(layer: Layer) -> None:
    """Redraw a layer whose array was written to."""
    layer.refresh(extent=False, highlight=False)


def insert_quietly(viewer: Any, layer: Layer, *, below: Layer | None = None) -> None:
    """Add a layer without selecting it.

    napari selects what is added, which would interrupt painting in the strokes layer.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        The new layer.
    below
        Layer it is put under; it goes on top if this is None or not in the viewer.
    """
    selection = viewer.layers.selection
    active, selected = selection.active, set(selection)
    at = viewer.layers.index(below) if below in viewer.layers else len(viewer.layers)
    viewer.layers.insert(at, layer)
    selection.clear()
    selection.update(selected)
    selection.active = active


def free_name(viewer: Any, name: str) -> str:
    """Return a name, with a number added where a layer has it already."""
    taken = {layer.name for layer in viewer.layers}
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def labels_dtype(class_ids: Any) -> Any:
    """Return uint8, or uint16 where an id is above 255.

    Raises
    ------
    InputError
        If a number is no class id.
    """
    class_ids = list(class_ids)
    check_class_ids(class_ids, of="A class has")
    return np.uint8 if max(class_ids, default=0) <= 255 else np.uint16


def pick_up_brush(viewer: Any, layer: Labels, class_id: int) -> None:
    """Show and activate a layer, select a class id in it, and pick the brush."""
    layer.visible = True  # napari lets nobody paint what is hidden
    viewer.layers.selection.active = layer
    layer.selected_label = class_id
    layer.mode = "paint"


def pick_up_eraser(viewer: Any, layer: Labels) -> None:
    """Show and activate a layer, and pick the eraser."""
    layer.visible = True
    viewer.layers.selection.active = layer
    layer.mode = "erase"

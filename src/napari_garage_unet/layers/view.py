"""Which part of a layer is on view, and moving the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_garage_unet.engine.images.image import PlaneIndex

from .axes import full_resolution, layer_axes


def plane_on_view(viewer: Any, layer: Layer) -> PlaneIndex:
    """Return the position of the plane of a layer that is on view.

    The sliders count steps of all layers together. So their position is taken as a
    point in the world, converted to the units of the layer, and located in it.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        The layer whose planes are counted.

    Returns
    -------
    tuple of int
        Position along the axes other than ``y``, ``x`` and ``c``, in the order of the
        layer.
    """
    axes = layer_axes(layer)
    point = layer.world_to_data(_point_in_units_of(viewer, layer))
    shape = full_resolution(layer).shape
    return tuple(
        int(np.clip(round(float(point[i])), 0, shape[i] - 1))
        for i, letter in enumerate(axes)
        if letter not in "yxc"
    )


def region_on_view(layer: Layer) -> tuple[int, int, int, int]:
    """Return the box ``(y0, y1, x0, x1)`` of a plane that the canvas shows.

    In pixels, of a pyramid in those of the finest level; the stops are exclusive. It
    is the whole plane until the canvas has been drawn.
    """
    axes = layer_axes(layer)
    shape = full_resolution(layer).shape
    corners = np.asarray(layer.corner_pixels, float)
    if getattr(layer, "multiscale", False):
        corners = corners * np.asarray(layer.downsample_factors[layer.data_level])
    box = []
    for letter in "yx":
        i = axes.index(letter)
        low = int(np.clip(np.floor(corners[0, i]), 0, shape[i]))
        high = int(np.clip(np.ceil(corners[1, i]) + 1, 0, shape[i]))
        box += [low, high] if high - low > 1 else [0, int(shape[i])]
    return (box[0], box[1], box[2], box[3])


def step_on_view(viewer: Any, layer: Layer, *, no_coarser: bool = False) -> int:
    """Return how many pixels of a plane fall side by side into one of the screen.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        The layer whose pixels are counted.
    no_coarser
        Whether to round down; otherwise to the nearest, on a logarithmic scale.

    Returns
    -------
    int
        1, 2, 4, 8 or 16; 1 where pixels are enlarged.
    """
    scene = getattr(viewer, "scene", viewer)
    axes = layer_axes(layer)
    pixel = min(abs(float(layer.scale[axes.index(letter)])) for letter in "yx")
    on_screen = float(scene.camera.zoom) * pixel
    if not on_screen > 0:
        return 1
    power = np.log2(1 / on_screen)
    rounded = np.floor(power) if no_coarser else round(power)
    step: int = 2 ** int(np.clip(rounded, 0, 4))
    return step


def show_planes(viewer: Any, layer: Layer) -> None:
    """Put ``y`` and ``x`` of a layer on view, where the viewer shows other axes.

    napari shows the last two axes, such as rows and bands of a picture whose bands come
    last.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        An image layer of the viewer.
    """
    letters = layer_axes(layer)
    in_front = viewer.dims.ndim - layer.ndim
    shown = [in_front + letters.index(axis) for axis in "yx"]
    if list(viewer.dims.order[-2:]) != shown and shown == sorted(shown):
        others = [d for d in range(viewer.dims.ndim) if d not in shown]
        viewer.dims.order = (*others, *shown)


def look_at(
    viewer: Any,
    layer: Layer,
    index: PlaneIndex,
    place: tuple[float, float],
    *,
    side: float,
) -> None:
    """Centre the camera on a place of a plane, and zoom in to its surroundings.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        The layer the place lies in.
    index
        Position of the plane.
    place
        ``(y, x)`` in pixels.
    side
        Side in pixels of the square around the place that is seen at most. The camera
        never zooms out.
    """
    axes = layer_axes(layer)
    stack = iter(index)
    inside = {"y": place[0], "x": place[1], "c": 0.0}
    point = [
        inside[letter] if letter in inside else float(next(stack)) for letter in axes
    ]
    world = layer.data_to_world(point)
    camera = getattr(viewer, "scene", viewer).camera
    middle = (float(world[axes.index(letter)]) for letter in "yx")
    camera.center = (*camera.center[:-2], *middle)
    canvas = getattr(viewer, "canvas", None)
    size = min(canvas.size) if canvas is not None else min(viewer._canvas_size)
    pixel = min(abs(float(layer.scale[axes.index(letter)])) for letter in "yx")
    camera.zoom = max(float(camera.zoom), size / (side * pixel))


def _point_in_units_of(viewer: Any, layer: Layer) -> Sequence[float]:
    point = tuple(viewer.dims.point)[-layer.ndim :]
    units = getattr(viewer.dims, "units", None)
    if units is None:
        return point
    return tuple(
        value if theirs == ours else float((value * theirs).to(ours).magnitude)
        for value, theirs, ours in zip(
            point, tuple(units)[-layer.ndim :], layer.units, strict=True
        )
    )

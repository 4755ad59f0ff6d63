"""Which part of a layer is on view, and moving the view.

The camera and the sliders count in the units of the viewer's world; layers have units
of their own. Everything here converts from one to the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_garage_unet.engine.images.image import PlaneIndex

from .axes import full_resolution, layer_axes
from .world import Matrix, unit_factors, world_matrix


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
    point = _data_point(viewer, layer, viewer.dims.point)
    shape = full_resolution(layer).shape
    return tuple(
        int(np.clip(round(float(point[i])), 0, shape[i] - 1))
        for i, letter in enumerate(axes)
        if letter not in "yxc"
    )


def region_on_view(
    layer: Layer, viewer: Any | None = None
) -> tuple[int, int, int, int]:
    """Return the box ``(y0, y1, x0, x1)`` of a plane that the canvas shows.

    In pixels, of a pyramid in those of the finest level; the stops are exclusive. It
    is the whole plane until the canvas has been drawn.

    Parameters
    ----------
    layer
        The layer whose pixels are counted.
    viewer
        A `ViewerModel`. napari computes the corners of the canvas as if a layer had
        the units of the viewer; where it has others, they are taken from the camera.
    """
    axes = layer_axes(layer)
    shape = full_resolution(layer).shape
    corners = None if viewer is None else _corners_by_camera(viewer, layer)
    if corners is None:
        corners = np.asarray(layer.corner_pixels, float)
        if getattr(layer, "multiscale", False):
            corners = corners * np.asarray(layer.downsample_factors[layer.data_level])
    if corners.shape[1] != layer.ndim:
        # Of the pixels that were there before; the canvas has not been drawn since.
        corners = np.zeros((2, len(shape)))
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
    on_screen = float(scene.camera.zoom) * _pixel_size(viewer, layer, axes)
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
    world = layer.data_to_world(point) * _to_viewer(viewer, layer)
    camera = getattr(viewer, "scene", viewer).camera
    middle = (float(world[axes.index(letter)]) for letter in "yx")
    camera.center = (*camera.center[:-2], *middle)
    canvas = getattr(viewer, "canvas", None)
    size = min(canvas.size) if canvas is not None else min(viewer._canvas_size)
    pixel = _pixel_size(viewer, layer, axes)
    camera.zoom = max(float(camera.zoom), size / (side * pixel))


def index_on_view(viewer: Any, layer: Layer) -> tuple[int | slice, ...]:
    """Return the index of what is on view in the array of a layer.

    Returns
    -------
    tuple of int or slice
        A position along each axis that has a slider, everything along the others.
    """
    point = _data_point(viewer, layer, viewer.dims.point)
    sliders = _axes_with_slider(viewer, layer)
    return tuple(
        int(np.clip(round(float(point[i])), 0, n - 1)) if i in sliders else slice(None)
        for i, n in enumerate(full_resolution(layer).shape)
    )


def step_to(viewer: Any, layer: Layer, point: Sequence[float]) -> None:
    """Move the sliders to a point of a layer; the camera stays.

    Parameters
    ----------
    viewer
        A `ViewerModel`.
    layer
        The layer the point lies in.
    point
        In pixels, one number per axis of the layer.
    """
    world = layer.data_to_world(point) * _to_viewer(viewer, layer)
    first = viewer.dims.ndim - layer.ndim
    for axis in _axes_with_slider(viewer, layer):
        viewer.dims.set_point(first + axis, float(world[axis]))


def _axes_with_slider(viewer: Any, layer: Layer) -> list[int]:
    """Return the axes of a layer that are not displayed."""
    first = viewer.dims.ndim - layer.ndim
    return [axis - first for axis in viewer.dims.not_displayed if axis >= first]


def _to_viewer(viewer: Any, layer: Layer) -> Matrix:
    """Return what converts numbers in the units of a layer to those of the viewer."""
    return unit_factors(layer.units, getattr(viewer.dims, "units", None))


def _data_point(viewer: Any, layer: Layer, point: Sequence[float]) -> Sequence[float]:
    """Return the pixel of a layer at a point of the viewer's world."""
    inside = np.asarray(point, float)[-layer.ndim :] / _to_viewer(viewer, layer)
    found: Sequence[float] = layer.world_to_data(inside)
    return found


def _pixel_size(viewer: Any, layer: Layer, axes: str) -> float:
    """Return the shorter side of a pixel of a plane in units of the viewer."""
    steps = world_matrix(layer)[:-1, :-1] * _to_viewer(viewer, layer)[:, np.newaxis]
    return min(
        float(np.linalg.norm(steps[:, axes.index(letter)])) or 1.0 for letter in "yx"
    )


def _corners_by_camera(viewer: Any, layer: Layer) -> Matrix | None:
    """Return the lowest and highest pixels on the canvas, ``(2, ndim)``.

    None where the viewer has the units of the layer, or shows three dimensions.
    """
    dims = viewer.dims
    if dims.ndisplay != 2 or (_to_viewer(viewer, layer) == 1).all():
        return None
    camera = getattr(viewer, "scene", viewer).camera
    canvas = getattr(viewer, "canvas", None)
    size = canvas.size if canvas is not None else viewer._canvas_size
    reach = np.asarray(size, float)[-2:] / float(camera.zoom) / 2
    corners = []
    for signs in itertools.product((-1, 1), repeat=2):
        point = np.array(dims.point, float)
        point[list(dims.displayed)] = np.asarray(camera.center)[-2:] + signs * reach
        corners.append(_data_point(viewer, layer, tuple(point)))
    # Without the errors of conversion, which would add a pixel.
    box = np.stack([np.min(corners, axis=0), np.max(corners, axis=0)])
    return np.round(box, 6)

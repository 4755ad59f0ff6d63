from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_garage_unet.layers.view import (
    index_on_view,
    look_at,
    plane_on_view,
    region_on_view,
    show_planes,
    step_on_view,
    step_to,
)


@pytest.fixture
def viewer():
    return ViewerModel()


def test_a_single_plane_has_no_position(viewer):
    layer = viewer.add_image(np.zeros((10, 10)))
    assert plane_on_view(viewer, layer) == ()


def test_the_slider_is_read_in_the_scale_of_the_layer(viewer):
    layer = viewer.add_image(np.zeros((7, 10, 10)), scale=(2.5, 1, 1))
    viewer.dims.set_point(0, 10)
    assert plane_on_view(viewer, layer) == (4,)


def test_a_layer_that_lies_elsewhere_has_its_own_count_of_planes(viewer):
    viewer.add_image(np.zeros((20, 10, 10)))
    layer = viewer.add_image(np.zeros((5, 10, 10)), translate=(8, 0, 0))
    viewer.dims.set_point(0, 10)
    assert plane_on_view(viewer, layer) == (2,)
    viewer.dims.set_point(0, 0)
    assert plane_on_view(viewer, layer) == (0,)
    viewer.dims.set_point(0, 19)
    assert plane_on_view(viewer, layer) == (4,)


def test_a_layer_of_fewer_dimensions_takes_the_last_sliders(viewer):
    viewer.add_image(np.zeros((4, 6, 10, 10)))
    layer = viewer.add_image(np.zeros((6, 10, 10)))
    viewer.dims.set_point([0, 1], [3, 5])
    assert plane_on_view(viewer, layer) == (5,)


def test_units_of_the_viewer_are_converted_to_those_of_the_layer(viewer):
    coarse = viewer.add_image(np.zeros((9, 10, 10)), units=("um",) * 3)
    fine = viewer.add_image(np.zeros((9, 10, 10)), scale=(500, 1, 1), units=("nm",) * 3)
    viewer.dims.set_point(0, 3000)
    assert {str(unit) for unit in viewer.dims.units} == {"nanometer"}
    assert plane_on_view(viewer, coarse) == (3,)
    assert plane_on_view(viewer, fine) == (6,)


def test_time_and_depth_are_both_told(viewer):
    layer = viewer.add_image(np.zeros((3, 5, 10, 10)), axis_labels=tuple("tzyx"))
    viewer.dims.set_point([0, 1], [2, 4])
    assert plane_on_view(viewer, layer) == (2, 4)


def test_channels_are_not_part_of_the_position(viewer):
    layer = viewer.add_image(np.zeros((3, 5, 10, 10)), axis_labels=tuple("czyx"))
    viewer.dims.set_point([0, 1], [2, 4])
    assert plane_on_view(viewer, layer) == (4,)


def test_the_plane_is_told_when_other_axes_are_displayed(viewer):
    layer = viewer.add_image(np.zeros((7, 10, 10)))
    viewer.dims.set_point(0, 3)
    viewer.dims.order = (1, 0, 2)
    assert plane_on_view(viewer, layer) == (3,)


def test_the_region_lies_within_the_plane(viewer):
    layer = viewer.add_image(np.zeros((3, 30, 40)))
    layer.corner_pixels = np.array([[0, 5, -4], [0, 20, 90]])
    assert region_on_view(layer) == (5, 21, 0, 40)


def test_the_region_of_a_pyramid_is_in_pixels_of_its_finest_level(viewer):
    fine = np.zeros((64, 64))
    layer = viewer.add_image([fine, fine[::4, ::4]], multiscale=True)
    layer.corner_pixels = np.array([[2, 4], [6, 10]])
    scale = int(layer.downsample_factors[layer.data_level][0])
    assert region_on_view(layer) == (
        2 * scale,
        6 * scale + 1,
        4 * scale,
        10 * scale + 1,
    )


@pytest.mark.parametrize(
    ("zoom", "nearest", "rounded_down"),
    [(4, 1, 1), (1, 1, 1), (1 / 3.5, 4, 2), (1 / 4, 4, 4), (1 / 100, 16, 16)],
)
def test_pixels_that_fall_into_one_of_the_screen_are_a_power_of_two(
    viewer, zoom, nearest, rounded_down
):
    layer = viewer.add_image(np.zeros((30, 40)), scale=(0.5, 0.5))
    viewer.scene.camera.zoom = 2 * zoom
    assert step_on_view(viewer, layer) == nearest
    assert step_on_view(viewer, layer, no_coarser=True) == rounded_down


def test_looking_at_a_place_centres_it_and_zooms_in(viewer):
    layer = viewer.add_image(
        np.zeros((9, 30, 40)), scale=(1, 2, 2), translate=(0, 5, 7)
    )
    camera = viewer.scene.camera
    camera.zoom = 0.01
    look_at(viewer, layer, (1,), (10, 20), side=50)
    assert camera.center[-2:] == (25, 47)
    zoom = camera.zoom
    assert zoom > 1
    look_at(viewer, layer, (1,), (3, 4), side=10_000)
    assert camera.zoom == zoom


@pytest.mark.parametrize(
    ("shape", "axes", "index", "centre"),
    [
        ((4, 2, 30, 40), "zcyx", (3,), (10, 20)),
        ((2, 30, 40), "cyx", (), (10, 20)),
        ((30, 40, 6), "yxc", (), (10, 20)),
        ((40, 30, 5), "xyz", (2,), (10, 20)),
    ],
)
def test_a_place_is_looked_at_wherever_the_channels_are(
    viewer, shape, axes, index, centre
):
    layer = viewer.add_image(np.zeros(shape), axis_labels=tuple(axes), rgb=False)
    look_at(viewer, layer, index, (10, 20), side=50)
    assert viewer.scene.camera.center[-2:] == centre


def test_rows_and_columns_come_on_view_where_bands_are_last(viewer):
    layer = viewer.add_image(np.zeros((200, 200, 6)), rgb=False)
    show_planes(viewer, layer)
    assert viewer.dims.displayed == (0, 1)
    stack = viewer.add_image(np.zeros((9, 30, 40)))
    show_planes(viewer, stack)
    assert viewer.dims.displayed == (1, 2)


def in_nanometers(viewer):
    """A layer in micrometers, in a world that another has put in nanometers."""
    viewer.add_image(np.zeros((3, 4)), scale=(10, 10), units=("nm", "nm"))
    layer = viewer.add_image(
        np.zeros((3, 200, 300)),
        scale=(2, 0.5, 0.5),
        translate=(0, 5, 7),
        units=("um",) * 3,
    )
    assert {str(unit) for unit in viewer.dims.units} == {"nanometer"}
    return layer


def test_the_camera_counts_in_the_units_of_the_world(viewer):
    layer = in_nanometers(viewer)
    camera = viewer.scene.camera
    camera.zoom = 1e-6
    look_at(viewer, layer, (1,), (10, 20), side=50)
    assert camera.center[-2:] == pytest.approx((10_000, 17_000))
    height = min(viewer.canvas.size)
    assert camera.zoom == pytest.approx(height / (50 * 500))


def test_pixels_of_the_screen_are_counted_in_the_units_of_the_world(viewer):
    layer = in_nanometers(viewer)
    viewer.scene.camera.zoom = 1 / 500 / 4
    assert step_on_view(viewer, layer) == 4


def test_the_region_is_found_where_the_world_has_other_units(viewer):
    layer = in_nanometers(viewer)
    viewer.canvas.size = (40, 60)
    camera = viewer.scene.camera
    camera.zoom = 1 / 500
    camera.center = (0, 5_000 + 100 * 500, 7_000 + 200 * 500)
    assert region_on_view(layer, viewer) == (80, 121, 170, 231)


def test_a_turned_pixel_is_as_large_as_it_is(viewer):
    layer = viewer.add_image(
        np.zeros((30, 40)), affine=[[0, 4, 0], [-4, 0, 0], [0, 0, 1]]
    )
    viewer.scene.camera.zoom = 1 / 16
    assert step_on_view(viewer, layer) == 4


@pytest.mark.parametrize("units", [("um",) * 4, ("s", "nm", "um", "um")])
def test_sliders_step_to_a_point_and_tell_where_they_are(viewer, units):
    layer = viewer.add_image(
        np.zeros((3, 5, 10, 10)),
        scale=(4, 2, 1, 1),
        translate=(1, 20, 3, 3),
        units=units,
    )
    step_to(viewer, layer, (2, 3, 0, 0))
    assert index_on_view(viewer, layer) == (2, 3, slice(None), slice(None))
    step_to(viewer, layer, (1, 4, 0, 0))
    assert index_on_view(viewer, layer) == (1, 4, slice(None), slice(None))

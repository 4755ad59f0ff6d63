from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.layers.colors import result_colormap
from napari_garage_unet.layers.matching import (
    is_result,
    make_result_layer,
    make_strokes_layer,
)
from napari_garage_unet.layers.metadata import plugin_metadata

CLASSES = (
    ClassInfo(1, "background", "#e69f00", background=True),
    ClassInfo(2, "wheel", "#56b4e9"),
)


def world_corners(layer, shape):
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(
        len(shape), -1
    )
    return np.array([layer.data_to_world(corner) for corner in corners.T])


@pytest.mark.parametrize(
    "placed",
    [
        {},
        {"scale": (0.5, 2), "translate": (10, -3), "units": ("um", "um")},
        {"rotate": 25, "shear": [0.3], "axis_labels": ("y", "x")},
        {"affine": [[1, 0.2, 5], [0, 2, 7], [0, 0, 1]]},
    ],
)
@pytest.mark.parametrize("rgb", [False, True])
def test_strokes_lie_exactly_on_their_image(placed, rgb):
    data = np.zeros((12, 20, 3) if rgb else (12, 20), np.uint8)
    image = Image(data, rgb=rgb, **placed)
    layer = make_strokes_layer(image, CLASSES)
    assert layer.data.shape == (12, 20)
    assert layer.data.dtype == np.uint8
    assert not layer.data.any()
    assert np.allclose(world_corners(layer, (12, 20)), world_corners(image, (12, 20)))
    assert layer.units == image.units
    assert layer.axis_labels == image.axis_labels


def test_strokes_of_a_pyramid_have_its_full_resolution():
    fine = np.zeros((64, 64), np.uint8)
    image = Image([fine, fine[::2, ::2]], multiscale=True, scale=(3, 3))
    layer = make_strokes_layer(image, CLASSES)
    assert layer.data.shape == (64, 64)
    assert layer.editable
    assert np.allclose(layer.scale, (3, 3))


def test_strokes_leave_a_labelled_channel_axis_out():
    image = Image(
        np.zeros((3, 12, 20), np.uint8),
        axis_labels=("c", "y", "x"),
        scale=(1, 2, 3),
        translate=(0, 5, 6),
        units=("pixel", "um", "um"),
    )
    layer = make_strokes_layer(image, CLASSES)
    assert layer.data.shape == (12, 20)
    assert np.allclose(layer.scale, (2, 3))
    assert np.allclose(layer.translate, (5, 6))
    assert layer.axis_labels == ("y", "x")
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


def test_names_show_in_the_status_bar():
    layer = make_strokes_layer(Image(np.zeros((5, 5))), CLASSES)
    layer.data[2, 2] = 2
    status = layer.get_status((2, 2), view_direction=None, dims_displayed=[0, 1])
    assert "wheel" in status["coordinates"]


def test_each_layer_has_a_colormap_of_its_own():
    image = Image(np.zeros((5, 5)))
    first, second = (make_strokes_layer(image, CLASSES) for _ in range(2))
    first.selected_label = 2
    assert first.colormap is not second.colormap


def test_a_result_is_not_painted_by_accident_and_says_what_it_is():
    layer = make_result_layer(
        Image(np.zeros((5, 5))),
        np.zeros((5, 5), np.uint8),
        name="result",
        colormap=result_colormap(CLASSES),
        classes=CLASSES,
        metadata={"kind": "segmentation", "image": "photo"},
    )
    assert not layer.editable
    assert is_result(layer)
    assert plugin_metadata(layer)["image"] == "photo"
    assert not is_result(make_strokes_layer(Image(np.zeros((5, 5))), CLASSES))

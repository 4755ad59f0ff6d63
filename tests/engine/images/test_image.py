"""The meaning of axes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image


def test_planes_are_height_width_channel_whatever_the_order():
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    as_cxzy = Image(array, "cxzy")
    assert as_cxzy.plane_shape == (5, 3)
    assert as_cxzy.n_channels == 2
    assert list(as_cxzy.plane_indices()) == [(0,), (1,), (2,), (3,)]
    np.testing.assert_array_equal(
        as_cxzy.plane((2,)), array[:, :, 2].transpose(2, 1, 0)
    )


def test_spatial_planes_are_turned_like_the_image():
    image = Image(np.zeros((6, 2, 4)), "xcy")
    strokes = np.arange(24).reshape(6, 4)
    assert image.spatial_shape == (6, 4)
    np.testing.assert_array_equal(image.spatial_plane(strokes), strokes.T)


@pytest.mark.parametrize("axes", ["zyx", "xyzc", "yczx"])
def test_volumes_are_turned_to_depth_height_width(axes):
    shape = {"z": 4, "y": 5, "x": 6, "c": 2}
    image = Image(np.zeros([shape[a] for a in axes]), axes)
    position = np.indices(image.spatial_shape)
    turned = image.in_order(position)
    assert turned.shape == (3, 4, 5, 6)
    for row, axis in enumerate(image.spatial_axes):
        along = [1, 1, 1]
        along["zyx".index(axis)] = shape[axis]
        expected = np.arange(shape[axis]).reshape(along)
        np.testing.assert_array_equal(turned[row] - expected, 0)
    assert np.shares_memory(turned, position)


def test_only_the_plane_that_is_asked_for_is_read():
    class Lazy:
        shape, dtype = (50, 8, 9), np.dtype("uint8")

        def __init__(self):
            self.keys = []

        def __getitem__(self, key):
            self.keys.append(key)
            return np.zeros((8, 9), np.uint8)

    lazy = Lazy()
    assert Image(lazy, "zyx").plane((7,)).shape == (8, 9, 1)
    assert lazy.keys == [(7, slice(None), slice(None))]


@pytest.mark.parametrize("axes", ["yxx", "zy", "yxq", "y", "yx"])
def test_axes_that_do_not_describe_the_array_are_refused(axes):
    with pytest.raises(InputError):
        Image(np.zeros((4, 5, 6)), axes)


def test_empty_and_textual_arrays_are_refused():
    with pytest.raises(InputError, match="empty"):
        Image(np.zeros((0, 5)), "yx")
    with pytest.raises(InputError, match="values of type"):
        Image(np.full((4, 5), "a"), "yx")


def test_spacing_defaults_to_one_and_must_fit():
    assert Image(np.zeros((3, 4, 5)), "zyx").spacing == (1, 1, 1)
    with pytest.raises(InputError, match="spacing"):
        Image(np.zeros((3, 4, 5)), "zyx", spacing=(1, 2))


def test_missing_values_are_not_finite_or_the_nodata_value_or_outside_the_mask():
    pixels = np.array([[1, np.nan, np.inf], [-9999, 2, 3]], np.float32)
    mask = np.array([[True, True, True], [True, True, False]])
    image = Image(pixels, "yx", nodata=-9999, data_mask=mask)
    missing = image.missing_values(image.plane())
    assert missing is not None
    np.testing.assert_array_equal(missing[..., 0], [[0, 1, 1], [1, 0, 1]])


def test_nodata_of_float32_files_is_found_whatever_its_digits():
    pixels = np.full((2, 2), np.finfo(np.float32).min, np.float32)
    image = Image(pixels, "yx", nodata=-3.4028234663852886e38)
    missing = image.missing_values(image.plane())
    assert missing is not None
    assert missing.all()


def test_an_image_without_missing_values_says_none():
    image = Image(np.ones((2, 2), np.uint8), "yx", nodata=-9999)
    assert image.missing_values(image.plane()) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"origin": (1.0,)}, "origin has 1 numbers"),
        ({"channel_names": ("red", "green")}, "1 channel but 2 names"),
        ({"data_mask": np.ones((3, 2), bool)}, "mask of image has shape"),
    ],
)
def test_what_does_not_fit_the_array_is_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Image(np.ones((2, 2)), "yx", **fields)

"""Where an image has no data: said, marked and filled."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.no_data import (
    fill_missing,
    mark_no_data,
    may_lack_data,
    no_data_of,
)
from napari_garage_unet.engine.images.no_data_report import (
    describe_no_data,
    suspect_no_data,
)


def test_missing_values_get_the_nearest_one_of_their_channel():
    pixels = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    missing = np.zeros(pixels.shape, bool)
    missing[:, 2:, 0] = missing[0, 0, 1] = True
    pixels[missing] = np.nan
    filled = fill_missing(pixels, missing)
    np.testing.assert_array_equal(filled[:, 2, 0], pixels[:, 1, 0])
    np.testing.assert_array_equal(filled[:, 3, 0], pixels[:, 1, 0])
    assert filled[0, 0, 1] in (pixels[0, 1, 1], pixels[1, 0, 1])
    np.testing.assert_array_equal(filled[~missing], pixels[~missing])
    missing[..., 1] = True
    assert not fill_missing(pixels, missing)[..., 1].any()


def test_integers_without_nodata_are_not_even_read():
    class Unread:
        shape, dtype = (4, 5), np.dtype(np.uint8)

        def __getitem__(self, key):
            raise AssertionError("was read")

    image = Image(Unread(), "yx")
    assert not may_lack_data(image)
    assert no_data_of(image, ()) is None
    assert describe_no_data(image) == ""


def test_a_mask_of_one_plane_holds_for_all_planes():
    image = Image(np.ones((3, 4, 5), np.uint8), "zyx")
    mask = np.ones((4, 5), np.uint8)
    mask[0] = 0
    marked = mark_no_data(image, mask=mask)
    for z in range(3):
        np.testing.assert_array_equal(no_data_of(marked, (z,)), mask == 0)
    other = np.ones((4, 5), bool)
    other[:, 0] = False
    both = mark_no_data(marked, mask=other)
    np.testing.assert_array_equal(no_data_of(both, (1,)), (mask == 0) | ~other)
    with pytest.raises(InputError, match=r"mask of image has shape \(5, 4\)"):
        mark_no_data(image, mask=mask.T)


def test_axes_of_length_1_of_a_mask_do_not_count():
    mask = np.eye(4, 5, dtype=bool)
    plane, stack = Image(np.ones((4, 5)), "yx"), Image(np.ones((3, 4, 5)), "zyx")
    for given in (mask[None], mask[..., None], mask[:, None]):
        np.testing.assert_array_equal(mark_no_data(plane, mask=given).data_mask, mask)
        marked = mark_no_data(stack, mask=given)
        np.testing.assert_array_equal(marked.data_mask, [mask] * 3)


@pytest.mark.parametrize(
    ("value", "said", "why"),
    [
        (np.nan, {}, "NaN or infinite"),
        (-9999, {"nodata": -9999.0}, "-9999"),
        (-3.4028235e38, {"nodata": -3.4028234663852886e38}, "-3.40282e+38"),
    ],
)
def test_no_data_is_named_in_one_sentence(value, said, why):
    data = np.ones((4, 5, 10), np.float32)
    data[:, :, 8:] = value
    image = Image(data, "zyx", name="x.tif", **said)
    assert describe_no_data(image) == (
        f"x.tif: 20 % of its pixels hold no data ({why}) and become class 0."
    )
    data[1] = value
    assert "class 0; 1 of 4 planes hold none at all." in describe_no_data(image)
    mask = np.ones((5, 10), bool)
    mask[0, 0] = False
    masked = mark_no_data(Image(data[0, :, :8], "yx"), mask=mask[:, :8])
    assert "2 % of its pixels hold no data (masked)" in describe_no_data(masked)


def test_single_missing_values_are_named_too():
    data = np.ones((10, 10, 2), np.float32)
    data[0, :, 1] = np.nan
    assert describe_no_data(Image(data, "yxc", name="x.tif")) == (
        "x.tif: 5 % of its values are no data (NaN or infinite) and are taken from "
        "their neighbours."
    )
    assert describe_no_data(Image(data[1:], "yxc")) == ""


def test_a_photograph_with_a_black_margin_keeps_pixels_without_red():
    photo = np.full((8, 10, 3), 90, np.uint8)
    photo[:, :2] = 0
    photo[3, 5, 0] = 0
    image = Image(photo, "yxc", nodata=0)
    missing = image.missing_values(image.plane())
    assert missing[:, :2].all()
    assert not missing[:, 2:].any()
    bands = Image(photo.astype(np.float32), "yxc", nodata=0)
    assert bands.missing_values(bands.plane())[3, 5].tolist() == [True, False, False]


@pytest.mark.parametrize("value", [-9999, -32768, -3.4028234663852886e38, 1e30])
def test_a_value_that_programs_write_for_no_data_is_named(value):
    heights = np.linspace(0, 3000, 400, dtype=np.float32).reshape(20, 20)
    assert suspect_no_data(Image(heights, "yx")) == ""
    heights[:, 16:] = value
    image = Image(heights, "yx", name="dem.tif")
    said = suspect_no_data(image)
    assert said.startswith("dem.tif: 20 % of its values are ")
    assert np.float32(said.partition("--nodata=")[2][:-1]) == np.float32(value)
    assert suspect_no_data(mark_no_data(image, nodata=value)) == ""


def test_values_that_others_lie_close_to_are_data():
    scan = np.arange(-1024, 976, dtype=np.int16).reshape(40, 50)
    scan[scan == -1000] = -999
    assert suspect_no_data(Image(scan, "yx")) == ""
    assert suspect_no_data(Image(np.full((4, 5), -9999.0), "yx")) == ""
    assert suspect_no_data(Image(np.full((4, 5), np.nan), "yx")) == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_what_a_masked_array_masks_is_no_data(dtype):
    masked = np.zeros((4, 5, 2), bool)
    masked[0], masked[1, 0, 0] = True, True
    data = np.ma.array(np.full(masked.shape, 7, dtype), mask=masked)
    image = Image(data, "yxc")
    np.testing.assert_array_equal(no_data_of(image, ()), masked.all(axis=-1))
    assert not np.ma.isMaskedArray(image.plane())
    grey = Image(data[..., 0], "yx", data_mask=np.arange(20).reshape(4, 5) != 19)
    expected = masked[..., 0].copy()
    expected[3, 4] = True
    np.testing.assert_array_equal(no_data_of(grey, ()), expected)
    assert no_data_of(Image(np.ma.array(np.ones((4, 5))), "yx"), ()) is None

"""TIFF files whose stored numbers are not what one sees."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from image_files import random_pixels
from PIL import Image as Picture

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes


def palette_picture(shape=(20, 31)):
    """A picture of 16 colours, some of them equally bright."""
    return Picture.fromarray(random_pixels((*shape, 3))).quantize(16)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits"])
def test_a_palette_tiff_is_read_as_the_same_png(tmp_path, compression):
    picture = palette_picture()
    picture.save(tmp_path / "p.png")
    picture.save(tmp_path / "p.tif", compression=compression)
    png, tiff = read_image(tmp_path / "p.png"), read_image(tmp_path / "p.tif")
    assert tiff.axes == png.axes == "yxc"
    assert tiff.data.dtype == np.uint8
    np.testing.assert_array_equal(tiff.data, png.data)


def test_strokes_from_a_palette_tiff_stay_indices(tmp_path):
    picture = palette_picture()
    picture.save(tmp_path / "p.tif")
    np.testing.assert_array_equal(read_strokes(tmp_path / "p.tif"), np.asarray(picture))


def test_a_palette_of_8_bits_per_colour_is_not_black(tmp_path):
    indices = random_pixels((9, 9))
    colors = random_pixels((3, 256)).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "p.tif", indices, photometric="palette", colormap=colors
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / "p.tif").data, colors.T[indices]
    )


@pytest.mark.parametrize(
    ("dtype", "highest"), [(np.uint8, 255), (np.uint16, 65535), (bool, 1)]
)
def test_where_white_is_zero_bright_is_high(tmp_path, dtype, highest):
    data = random_pixels((20, 31), dtype)
    tifffile.imwrite(tmp_path / "w.tif", data, photometric="miniswhite")
    image = read_image(tmp_path / "w.tif")
    assert image.data.dtype == dtype
    np.testing.assert_array_equal(image.data, highest - data.astype(int))
    assert "white as 0" in image.notes[0]


@pytest.mark.parametrize("compression", [None, "group3", "group4", "tiff_lzw"])
def test_black_and_white_is_read_as_bool(tmp_path, compression):
    data = random_pixels((20, 31), bool)
    Picture.fromarray(data).save(tmp_path / "b.tif", compression=compression)
    image = read_image(tmp_path / "b.tif")
    assert image.data.dtype == bool
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_inks_become_the_light_that_one_sees(tmp_path, suffix):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8, :8, 1:3] = 255  # Magenta and yellow are red,
    inks[8:, :, 3] = 255  # and black is black.
    Picture.fromarray(inks, mode="CMYK").save(tmp_path / f"k.{suffix}")
    image = read_image(tmp_path / f"k.{suffix}")
    assert image.axes == "yxc"
    corners = image.data[[2, 2, 13], [2, 13, 2]]
    np.testing.assert_allclose(
        corners, [[255, 0, 0], [255, 255, 255], [0, 0, 0]], atol=5
    )


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_brightness_and_colour_differences_become_rgb(tmp_path, compression):
    colors = np.zeros((16, 16, 3), np.uint8)
    colors[:8] = 200, 40, 90
    colors[8:] = 20, 180, 130
    picture = Picture.fromarray(colors)
    stored = picture if compression == "jpeg" else picture.convert("YCbCr")
    stored.save(tmp_path / "y.tif", compression=compression)
    np.testing.assert_allclose(read_image(tmp_path / "y.tif").data, colors, atol=4)


def test_lab_becomes_rgb(tmp_path):
    lab = np.zeros((8, 8, 3), np.uint8)
    lab[..., 0] = 255
    lab[4:, :, 0] = 0
    Picture.fromarray(lab, mode="LAB").save(tmp_path / "l.tif")
    data = read_image(tmp_path / "l.tif").data
    np.testing.assert_allclose(data[0, 0], 255, atol=1)
    np.testing.assert_allclose(data[7, 0], 0, atol=1)


def test_alpha_is_left_out_of_grey_and_planar_pictures_too(tmp_path):
    data = random_pixels((20, 31, 2))
    Picture.fromarray(data, mode="LA").save(tmp_path / "la.tif")
    image = read_image(tmp_path / "la.tif")
    assert image.axes == "yx"
    np.testing.assert_array_equal(image.data, data[..., 0])
    assert "alpha channel is left out" in image.notes[0]
    planar = random_pixels((4, 20, 31))
    tifffile.imwrite(
        tmp_path / "p.tif",
        planar,
        photometric="rgb",
        planarconfig="separate",
        extrasamples=["unassalpha"],
        metadata=None,
    )
    image = read_image(tmp_path / "p.tif")
    assert image.axes == "cyx"
    np.testing.assert_array_equal(image.data, planar[:3])


def test_opaque_alpha_is_not_worth_a_word_and_a_fourth_band_is_none(tmp_path):
    data = random_pixels((20, 31, 4))
    tifffile.imwrite(
        tmp_path / "nir.tif", data, photometric="rgb", extrasamples=["unspecified"]
    )
    np.testing.assert_array_equal(read_image(tmp_path / "nir.tif").data, data)
    data[..., 3] = 255
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="rgb", extrasamples=["assocalpha"]
    )
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.data, data[..., :3])
    assert image.notes == ()


def test_the_lookup_table_of_imagej_leaves_intensities_alone(tmp_path):
    data = random_pixels((9, 9))
    fire = random_pixels((3, 256))
    tifffile.imwrite(
        tmp_path / "f.tif", data, imagej=True, metadata={"LUTs": [fire], "max": 9.0}
    )
    np.testing.assert_array_equal(read_image(tmp_path / "f.tif").data, data)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_colours_of_any_kind_are_no_strokes(tmp_path, mode):
    data = random_pixels((9, 9, 4 if mode == "CMYK" else 3))
    Picture.fromarray(data, mode=mode).save(tmp_path / "s.tif")
    with pytest.raises(InputError, match="colour picture"):
        read_strokes(tmp_path / "s.tif")


def test_a_picture_that_is_to_be_turned_says_so(tmp_path):
    data = random_pixels((9, 12))
    tifffile.imwrite(tmp_path / "t.tif", data, extratags=[(274, "H", 1, 6, True)])
    turned = Picture.Exif()
    turned[274] = 6
    Picture.fromarray(data).save(tmp_path / "t.jpg", exif=turned)
    Picture.fromarray(data).save(tmp_path / "t.png", exif=turned)
    for name in ("t.tif", "t.jpg", "t.png"):
        image = read_image(tmp_path / name)
        assert image.data.shape == (9, 12)
        assert image.notes[0].startswith(f"{name} says that it is to be turned")

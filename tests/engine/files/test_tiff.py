"""TIFF files of ImageJ, OME and others."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from image_files import random_ids, random_pixels

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("YX", (12, 15), "yx"),
        ("ZYX", (3, 12, 15), "zyx"),
        ("TYX", (4, 12, 15), "tyx"),
        ("CYX", (2, 12, 15), "cyx"),
        ("ZCYX", (3, 2, 12, 15), "zcyx"),
        ("TZCYX", (4, 3, 2, 12, 15), "tzcyx"),
        ("TZYXS", (4, 3, 12, 15, 3), "tzyxc"),
    ],
)
def test_axes_and_pixel_sizes_of_imagej_are_read(tmp_path, axes, shape, expected):
    data = random_pixels(shape, np.uint8 if "S" in axes else np.uint16)
    tifffile.imwrite(
        tmp_path / "i.tif",
        data,
        imagej=True,
        resolution=(2, 4),
        metadata={"axes": axes, "spacing": 3.0, "unit": "um", "finterval": 2.5},
    )
    image = read_image(tmp_path / "i.tif")
    size = {"t": 2.5, "z": 3.0, "y": 0.25, "x": 0.5}
    assert image.axes == expected
    assert image.spacing == pytest.approx([size[a] for a in expected if a != "c"])
    assert image.units == "micrometer"
    # ImageJ writes big-endian.
    assert image.data.dtype.isnative
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("\\u00B5m", "micrometer"),
        ("micron", "micrometer"),
        ("um", "micrometer"),
        ("nm", "nanometer"),
        ("inch", "inch"),
        ("pixel", "pixel"),
        ("furlong", "pixel"),
        ("", "pixel"),
    ],
)
def test_the_spellings_of_units_in_imagej_are_understood(tmp_path, written, understood):
    metadata = {"unit": written} if written else {}
    tifffile.imwrite(
        tmp_path / "i.tif", random_pixels((9, 9)), imagej=True, metadata=metadata
    )
    assert read_image(tmp_path / "i.tif").units == understood


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("YX", (12, 15), "yx"),
        ("ZYX", (3, 12, 15), "zyx"),
        ("CYX", (2, 12, 15), "cyx"),
        ("TCZYX", (4, 2, 3, 12, 15), "tczyx"),
        ("YXS", (12, 15, 3), "yxc"),
    ],
)
def test_axes_and_pixel_sizes_of_ome_are_read(tmp_path, axes, shape, expected):
    data = random_pixels(shape)
    tifffile.imwrite(
        tmp_path / "i.ome.tif",
        data,
        photometric="rgb" if "S" in axes else "minisblack",
        metadata={
            "axes": axes,
            "PhysicalSizeX": 0.5,
            "PhysicalSizeY": 0.25,
            "PhysicalSizeZ": 2000.0,
            "PhysicalSizeZUnit": "nm",
            "TimeIncrement": 7.0,
        },
    )
    image = read_image(tmp_path / "i.ome.tif")
    size = {"t": 7.0, "z": 2.0, "y": 0.25, "x": 0.5}
    assert image.axes == expected
    assert image.spacing == pytest.approx([size[a] for a in expected if a != "c"])
    assert image.units == "micrometer"
    np.testing.assert_array_equal(image.data, data)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((6, 12, 15), "zyx"), ((3, 12, 15), "cyx"), ((5, 6, 12, 15), "tzyx")],
)
def test_axes_that_a_tiff_file_does_not_name_are_guessed(tmp_path, shape, expected):
    tifffile.imwrite(tmp_path / "i.tif", random_pixels(shape))
    assert read_image(tmp_path / "i.tif").axes == expected


def test_pages_without_any_description_are_a_stack(tmp_path):
    data = random_pixels((6, 12, 15))
    with tifffile.TiffWriter(tmp_path / "i.tif") as tif:
        for page in data:
            tif.write(page, metadata=None)
    image = read_image(tmp_path / "i.tif")
    assert image.axes == "zyx"
    np.testing.assert_array_equal(image.data, data)


def test_given_axes_replace_those_of_the_file(tmp_path):
    tifffile.imwrite(
        tmp_path / "i.tif",
        random_pixels((6, 12, 15)),
        imagej=True,
        resolution=(2, 4),
        metadata={"axes": "ZYX", "unit": "mm"},
    )
    image = read_image(tmp_path / "i.tif", axes="cyx")
    assert image.axes == "cyx"
    assert image.spacing == pytest.approx((0.25, 0.5))
    assert image.units == "millimeter"
    with pytest.raises(InputError, match="3 axes"):
        read_image(tmp_path / "i.tif", axes="yx")


@pytest.mark.parametrize("n_planes", [1, 3, 5])
def test_strokes_of_a_stack_keep_its_shape_whatever_the_number_of_planes(
    tmp_path, n_planes
):
    # By default tifffile marks three planes as RGB.
    painted = random_ids((n_planes, 20, 31))
    tifffile.imwrite(tmp_path / "s.tif", painted)
    np.testing.assert_array_equal(read_strokes(tmp_path / "s.tif"), painted)


def test_tiff_segmentations_are_compressed_imagej_files_unless_ome_is_asked_for(
    tmp_path,
):
    labels = np.zeros((5, 200, 200), np.uint8)
    write_segmentation(tmp_path / "o.tif", labels)
    write_segmentation(tmp_path / "o.ome.tif", labels)
    for name, is_ome in (("o.tif", False), ("o.ome.tif", True)):
        assert (tmp_path / name).stat().st_size < labels.nbytes / 10
        with tifffile.TiffFile(tmp_path / name) as tif:
            assert bool(tif.is_ome) is is_ome
            assert bool(tif.is_imagej) is not is_ome


def test_a_cut_tiff_file_without_compression_is_named(tmp_path):
    for options in ({}, {"rowsperstrip": 10}, {"tile": (32, 32)}):
        tifffile.imwrite(tmp_path / "d.tif", random_pixels((100, 100)), **options)
        whole = (tmp_path / "d.tif").read_bytes()
        (tmp_path / "d.tif").write_bytes(whole[:-3000])
        with pytest.raises(InputError, match=r"d\.tif is damaged or not a TIFF file"):
            read_image(tmp_path / "d.tif")

"""Sizes, places, channel names and no-data values of TIFF files."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from image_files import random_pixels

from napari_garage_unet.engine.files.reading import read_image


@pytest.mark.parametrize(
    ("pixels", "unit", "spacing", "units"),
    [
        (20000.0, 3, 0.5, "micrometer"),
        (50800.0, 2, 0.5, "micrometer"),
        (50.8, 2, 0.5, "millimeter"),
        (2540, 2, 10.0, "micrometer"),
    ],
)
def test_plain_resolution_tags_are_sizes_of_pixels(
    tmp_path, pixels, unit, spacing, units
):
    tifffile.imwrite(
        tmp_path / "r.tif",
        random_pixels((9, 9)),
        resolution=(pixels, pixels),
        resolutionunit=unit,
        metadata=None,
    )
    image = read_image(tmp_path / "r.tif")
    assert image.spacing == pytest.approx((spacing, spacing), rel=1e-6)
    assert image.units == units
    assert "by its resolution tags" in image.notes[0]


@pytest.mark.parametrize(
    ("pixels", "unit"),
    [
        *((dpi, 2) for dpi in (1, 72, 96, 150, 300, 600, 1200, 25.4)),
        *((dpi / 2.54, 3) for dpi in (72, 96, 300, 600)),
        (20000, 1),
    ],
)
def test_the_resolution_of_screen_and_print_is_no_size(tmp_path, pixels, unit):
    tifffile.imwrite(
        tmp_path / "r.tif",
        random_pixels((9, 9)),
        resolution=(pixels, pixels),
        resolutionunit=unit,
        metadata=None,
    )
    image = read_image(tmp_path / "r.tif")
    assert image.spacing == (1.0, 1.0)
    assert image.units == "pixel"
    assert image.notes == ()


def test_a_stack_with_resolution_tags_says_what_it_takes_for_z(tmp_path):
    tifffile.imwrite(
        tmp_path / "r.tif",
        random_pixels((6, 9, 9)),
        resolution=(20000, 20000),
        resolutionunit=3,
        metadata=None,
    )
    image = read_image(tmp_path / "r.tif")
    assert image.spacing == pytest.approx((0.5, 0.5, 0.5))
    assert "nothing about z" in image.notes[0]


def test_imagej_gives_units_per_axis_an_origin_and_channel_names(tmp_path):
    tifffile.imwrite(
        tmp_path / "i.tif",
        random_pixels((5, 2, 9, 9)),
        imagej=True,
        resolution=(2, 2),
        metadata={
            "axes": "ZCYX",
            "unit": "um",
            "zunit": "nm",
            "spacing": 300,
            "xorigin": 10,
            "yorigin": -4,
            "Labels": ["nuclei", "cells"] * 5,
        },
    )
    image = read_image(tmp_path / "i.tif")
    assert image.spacing == pytest.approx((0.3, 0.5, 0.5))
    assert image.origin == pytest.approx((0.0, 2.0, -5.0))
    assert image.channel_names == ("nuclei", "cells")


def ome(path, axes="YX", **metadata):
    shape = {"T": 4, "Z": 3, "C": 2, "Y": 9, "X": 9}
    tifffile.imwrite(
        path,
        random_pixels([shape[a] for a in axes]),
        ome=True,
        photometric="minisblack",
        metadata={"axes": axes, **metadata},
    )
    return read_image(path)


def test_ome_positions_are_origins_in_the_units_of_the_pixels(tmp_path):
    plane = {"PositionX": [3.0], "PositionXUnit": ["mm"], "PositionY": [-20.0]}
    image = ome(
        tmp_path / "i.ome.tif",
        PhysicalSizeX=0.5,
        PhysicalSizeY=0.5,
        Plane={**plane, "PositionYUnit": ["µm"]},
    )
    assert image.origin == pytest.approx((-20.0, 3000.0))


def test_ome_positions_in_the_frame_of_the_stage_are_no_lengths(tmp_path):
    image = ome(
        tmp_path / "i.ome.tif",
        Plane={"PositionX": [3.0], "PositionXUnit": ["reference frame"]},
    )
    assert image.origin == (0.0, 0.0)


def test_sizes_that_ome_leaves_out_are_taken_from_the_others_and_this_is_said(tmp_path):
    image = ome(
        tmp_path / "i.ome.tif", "ZYX", PhysicalSizeX=200.0, PhysicalSizeXUnit="nm"
    )
    assert image.spacing == pytest.approx((200.0, 200.0, 200.0))
    assert image.units == "nanometer"
    assert len(image.notes) == 2
    assert "no pixel size along y" in image.notes[0]
    assert "no pixel size along z" in image.notes[1]


def test_ome_names_channels_and_times(tmp_path):
    image = ome(
        tmp_path / "i.ome.tif",
        "TCYX",
        Channel={"Name": ["DAPI", "GFP"]},
        TimeIncrement=500.0,
        TimeIncrementUnit="ms",
    )
    assert image.channel_names == ("DAPI", "GFP")
    assert image.spacing[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "dtype", "nodata"),
    [
        ("-9999", np.float32, -9999.0),
        ("-3.4028234663852886e+38", np.float32, -3.4028234663852886e38),
        ("0", np.uint8, 0.0),
        ("255 ", np.uint8, 255.0),
        ("nan", np.float32, None),
        ("-9999", np.uint8, None),
        ("none", np.uint8, None),
    ],
)
def test_the_no_data_value_of_gdal_is_read_as_text(tmp_path, text, dtype, nodata):
    tifffile.imwrite(
        tmp_path / "g.tif",
        random_pixels((9, 9), dtype),
        extratags=[(42113, "s", 0, text, True)],
    )
    image = read_image(tmp_path / "g.tif")
    assert image.nodata == nodata
    if nodata is not None:
        assert f"names {text.strip()} as its no-data value" in image.notes[0]


def test_a_no_data_index_of_a_palette_becomes_a_mask(tmp_path):
    indices = np.array([[0, 1], [2, 0]], np.uint8)
    colors = np.zeros((3, 256), np.uint16)
    colors[:, 1] = 65535
    tifffile.imwrite(
        tmp_path / "p.tif",
        indices,
        photometric="palette",
        colormap=colors,
        extratags=[(42113, "s", 0, "0", True)],
    )
    image = read_image(tmp_path / "p.tif")
    assert image.nodata is None
    np.testing.assert_array_equal(image.data_mask, indices != 0)


def test_a_mask_in_the_file_is_the_data_mask(tmp_path):
    data, mask = random_pixels((20, 31)), random_pixels((20, 31), bool)
    with tifffile.TiffWriter(tmp_path / "m.tif") as tif:
        tif.write(data, metadata=None)
        tif.write(mask, photometric="mask", subfiletype=4, metadata=None)
    image = read_image(tmp_path / "m.tif")
    np.testing.assert_array_equal(image.data, data)
    np.testing.assert_array_equal(image.data_mask, mask)
    assert image.notes == ("m.tif has a mask; pixels outside it are left out.",)


def test_a_description_that_is_elsewhere_or_broken_is_said(tmp_path):
    space = 'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
    data = random_pixels((20, 30))
    for inside, said in (
        ('<BinaryOnly MetadataFile="s.companion.ome" UUID="urn:uuid:1"/>', "s.compani"),
        ("<Image>", "has a description that cannot be read"),
    ):
        xml = f'<?xml version="1.0" encoding="UTF-8"?><OME {space}>{inside}</OME>'
        tifffile.imwrite(tmp_path / "b.ome.tif", data, description=xml, metadata=None)
        image = read_image(tmp_path / "b.ome.tif")
        np.testing.assert_array_equal(image.data, data)
        assert said in image.notes[0]

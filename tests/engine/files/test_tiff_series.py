"""Which picture of a TIFF file, and which of its planes, are read."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
import tifffile
from image_files import random_pixels

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes

IDS = [f"urn:uuid:{uuid.UUID(int=i + 1)}" for i in range(9)]


def ome_set(folder, planes, axis="Z", written=None):
    """Write each plane to a file of its own, each with the description of all."""
    n, (height, width) = len(planes), planes[0].shape
    sizes = " ".join(f'Size{a}="{n if a == axis else 1}"' for a in "ZCT")
    channels = "".join(
        f'<Channel ID="Channel:0:{i}" SamplesPerPixel="1"/>'
        for i in range(n if axis == "C" else 1)
    )
    for i in range(n) if written is None else written:
        data = "".join(
            f'<TiffData First{axis}="{j}" IFD="0" PlaneCount="1">'
            f'<UUID FileName="s{j}.ome.tif">{IDS[j]}</UUID></TiffData>'
            for j in range(n)
        )
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{IDS[i]}"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            f'DimensionOrder="XYZCT" Type="uint8" SizeX="{width}" SizeY="{height}" '
            f'{sizes} PhysicalSizeX="0.5" PhysicalSizeY="0.5">{channels}{data}'
            "</Pixels></Image></OME>"
        )
        tifffile.imwrite(
            folder / f"s{i}.ome.tif", planes[i], description=xml, metadata=None
        )


@pytest.mark.parametrize("axis", ["Z", "C", "T"])
@pytest.mark.parametrize("written", [range(3), [1]])
def test_each_file_of_a_set_stands_for_its_own_plane(tmp_path, axis, written, caplog):
    planes = random_pixels((3, 20, 31))
    ome_set(tmp_path, planes, axis, written)
    for i in written:
        image = read_image(tmp_path / f"s{i}.ome.tif")
        assert image.axes == "yx"
        assert image.spacing == (0.5, 0.5)
        np.testing.assert_array_equal(image.data, planes[i])
        assert f"s{i}.ome.tif holds 1 of the 3 planes" in image.notes[0]
        assert f"({axis.lower()} {i} of 3)" in image.notes[0]
    assert "zeroed" not in caplog.text


def test_a_renamed_file_of_a_set_is_known_by_its_number(tmp_path):
    planes = random_pixels((2, 20, 31))
    ome_set(tmp_path, planes)
    (tmp_path / "s1.ome.tif").rename(tmp_path / "mine.ome.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "mine.ome.tif").data, planes[1])


def test_strokes_of_a_set_are_read_from_the_one_file(tmp_path):
    planes = random_pixels((2, 20, 31))
    ome_set(tmp_path, planes)
    np.testing.assert_array_equal(read_strokes(tmp_path / "s1.ome.tif"), planes[1])


def cut_ome(path, data, keep):
    """Write an OME-TIFF whose description names more planes than there are."""
    tifffile.imwrite(path, data, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as tif:
        xml = tif.ome_metadata
    entries = "".join(
        f'<TiffData FirstZ="{z}" IFD="{i}" PlaneCount="1"/>' for i, z in enumerate(keep)
    )
    start, end = xml.index("<TiffData"), xml.index("</Pixels>")
    described = xml[:start] + entries + xml[end:]
    with tifffile.TiffWriter(path) as tif:
        for i, z in enumerate(keep):
            tif.write(data[z], description=described if i == 0 else None, metadata=None)


def test_planes_that_are_missing_are_not_black(tmp_path):
    data = random_pixels((6, 20, 31))
    cut_ome(tmp_path / "c.ome.tif", data, [0, 1, 2, 3])
    image = read_image(tmp_path / "c.ome.tif")
    assert image.axes == "zyx"
    np.testing.assert_array_equal(image.data, data[:4])
    assert "holds 4 of the 6 planes" in image.notes[0]
    assert "z 0 to 3 of 6" in image.notes[0]


def test_the_place_of_the_first_plane_that_is_there_is_kept(tmp_path):
    data = random_pixels((6, 20, 31))
    cut_ome(tmp_path / "c.ome.tif", data, [3, 4, 5])
    image = read_image(tmp_path / "c.ome.tif")
    np.testing.assert_array_equal(image.data, data[3:])
    assert image.origin == (3.0, 0.0, 0.0)


def test_planes_that_make_no_stack_are_refused(tmp_path):
    data = random_pixels((2, 2, 20, 31))
    tifffile.imwrite(tmp_path / "c.ome.tif", data, metadata={"axes": "ZCYX"})
    with tifffile.TiffFile(tmp_path / "c.ome.tif") as tif:
        xml = tif.ome_metadata
    start, end = xml.index("<TiffData"), xml.index("</Pixels>")
    kept = [(0, 0), (0, 1), (1, 0)]
    entries = "".join(
        f'<TiffData FirstZ="{z}" FirstC="{c}" IFD="{i}" PlaneCount="1"/>'
        for i, (z, c) in enumerate(kept)
    )
    with tifffile.TiffWriter(tmp_path / "c.ome.tif") as tif:
        for i, (z, c) in enumerate(kept):
            described = xml[:start] + entries + xml[end:] if i == 0 else None
            tif.write(data[z, c], description=described, metadata=None)
    with pytest.raises(InputError, match=r"c\.ome\.tif holds 3 of the 4 planes"):
        read_image(tmp_path / "c.ome.tif")


@pytest.fixture
def several(tmp_path):
    """A file whose first and last pictures are a thumbnail and a label."""
    shapes = [(10, 12), (100, 120), (100, 120), (20, 12)]
    pictures = [random_pixels(shape, seed=i) for i, shape in enumerate(shapes)]
    path = tmp_path / "several.tif"
    with tifffile.TiffWriter(path) as tif:
        for i, picture in enumerate(pictures):
            tif.write(picture, metadata={"name": str(i)})
    return path, pictures


def test_the_first_picture_that_is_no_thumbnail_is_read_and_this_is_said(several):
    path, pictures = several
    image = read_image(path)
    np.testing.assert_array_equal(image.data, pictures[1])
    (note,) = image.notes
    assert "holds 4 pictures (0: (10, 12), 1: (100, 120)" in note
    assert "number 1 is read" in note


@pytest.mark.parametrize("number", range(4))
def test_a_person_can_choose_the_picture(several, number):
    path, pictures = several
    image = read_image(path, series=number)
    np.testing.assert_array_equal(image.data, pictures[number])
    assert image.notes == ()


def test_a_picture_that_is_not_there_is_named(several, tmp_path):
    path, _ = several
    with pytest.raises(InputError, match=r"no picture 4; it holds the pictures 0 to 3"):
        read_image(path, series=4)
    np.save(tmp_path / "one.npy", random_pixels((9, 9)))
    tifffile.imwrite(tmp_path / "one.tif", random_pixels((9, 9)))
    for name in ("one.npy", "one.tif"):
        assert read_image(tmp_path / name, series=0).data.shape == (9, 9)
        with pytest.raises(InputError, match="it holds only picture 0"):
            read_image(tmp_path / name, series=1)


@pytest.mark.parametrize("sub", [True, False])
def test_a_pyramid_is_one_picture_at_full_resolution(tmp_path, sub):
    data = random_pixels((200, 160))
    with tifffile.TiffWriter(tmp_path / "p.tif") as tif:
        tif.write(data, subifds=2 if sub else 0, metadata=None, tile=(64, 64))
        for step in (2, 4):
            tif.write(data[::step, ::step], subfiletype=1, metadata=None, tile=(64, 64))
    image = read_image(tmp_path / "p.tif")
    np.testing.assert_array_equal(image.data, data)
    assert image.notes == ()


def test_each_image_of_ome_has_its_own_sizes_and_names(tmp_path):
    with tifffile.TiffWriter(tmp_path / "m.ome.tif") as tif:
        for size, names in ((0.5, ["DAPI", "GFP"]), (2.0, ["red", "blue"])):
            tif.write(
                random_pixels((2, 30, 40)),
                photometric="minisblack",
                metadata={
                    "axes": "CYX",
                    "PhysicalSizeX": size,
                    "PhysicalSizeY": size,
                    "Channel": {"Name": names},
                },
            )
    for number, size, names in ((0, 0.5, ("DAPI", "GFP")), (1, 2.0, ("red", "blue"))):
        image = read_image(tmp_path / "m.ome.tif", series=number)
        assert image.spacing == (size, size)
        assert image.channel_names == names

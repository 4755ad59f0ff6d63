"""OME-Zarr images and plain Zarr arrays."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from image_files import ome_zarr, random_ids, random_pixels

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation


@pytest.mark.parametrize("version", [0.4, 0.5])
def test_ome_zarr_is_opened_at_full_resolution_with_axes_and_scale(tmp_path, version):
    data = random_pixels((2, 3, 12, 16), np.uint16)
    ome_zarr(tmp_path / "i.zarr", data, version, "czyx", [1.0, 2.0, 0.5, 0.25])
    image = read_image(tmp_path / "i.zarr")
    assert image.axes == "czyx"
    assert image.spacing == (2.0, 0.5, 0.25)
    assert image.units == "micrometer"
    np.testing.assert_array_equal(image.data[...], data)
    np.testing.assert_array_equal(image.plane((1,)), data[:, 1].transpose(1, 2, 0))


def test_ome_zarr_stays_on_disk_until_a_plane_is_read(tmp_path):
    group = zarr.open_group(str(tmp_path / "i.zarr"), mode="w")
    # Four terabytes, of which nothing is stored.
    group.create_array(
        "0", shape=(1_000_000, 2048, 2048), chunks=(1, 512, 512), dtype="u1"
    )
    group.attrs["ome"] = {
        "multiscales": [
            {
                "axes": [{"name": a, "type": "space"} for a in "zyx"],
                "datasets": [{"path": "0"}],
            }
        ]
    }
    image = read_image(tmp_path / "i.zarr")
    assert image.spatial_shape == (1_000_000, 2048, 2048)
    assert image.plane((999_999,)).shape == (2048, 2048, 1)


def test_a_plain_zarr_array_and_a_group_of_images_are_read(tmp_path):
    data = random_pixels((12, 16))
    zarr.save_array(str(tmp_path / "plain.zarr"), data)
    assert read_image(tmp_path / "plain.zarr").axes == "yx"
    zarr.open_group(str(tmp_path / "many.zarr"), mode="w", zarr_format=2)
    ome_zarr(tmp_path / "many.zarr" / "0", data, 0.4, "yx", [0.5, 0.5])
    image = read_image(tmp_path / "many.zarr")
    assert image.spacing == (0.5, 0.5)
    np.testing.assert_array_equal(image.data[...], data)


def test_strokes_are_read_from_ome_zarr_without_a_lone_channel(tmp_path):
    painted = random_ids((1, 4, 12, 16))
    ome_zarr(tmp_path / "s.zarr", painted, 0.4, "czyx", [1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(read_strokes(tmp_path / "s.zarr"), painted[0])


def test_labels_on_disk_are_written_plane_by_plane(tmp_path):
    class Lazy:
        shape, dtype = (3, 20, 31), np.dtype(np.int32)

        def __getitem__(self, key):
            assert key != Ellipsis, "the whole array was asked for"
            return np.full((20, 31), key[0] + 1, np.int32)

    write_segmentation(tmp_path / "o.zarr", Lazy())
    back = read_strokes(tmp_path / "o.zarr")
    assert back.dtype == np.uint8
    assert back[:, 5, 5].tolist() == [1, 2, 3]


def test_channels_are_named_as_ome_zarr_names_them(tmp_path):
    ome_zarr(tmp_path / "i.zarr", random_pixels((2, 12, 16)), 0.4, "cyx", [1, 1, 1])
    group = zarr.open_group(str(tmp_path / "i.zarr"), mode="r+")
    group.attrs["omero"] = {"channels": [{"label": "DAPI"}, {"label": "GFP"}]}
    assert read_image(tmp_path / "i.zarr").channel_names == ("DAPI", "GFP")


def test_one_of_several_images_is_read_and_another_can_be_chosen(tmp_path):
    zarr.open_group(str(tmp_path / "many.zarr"), mode="w", zarr_format=2)
    pictures = [random_pixels(shape) for shape in ((4, 6), (40, 60), (40, 60))]
    for i, data in enumerate(pictures):
        ome_zarr(tmp_path / "many.zarr" / str(i), data, 0.4, "yx", [0.5 + i, 0.5 + i])
    image = read_image(tmp_path / "many.zarr")
    np.testing.assert_array_equal(image.data[...], pictures[1])
    assert "holds 3 pictures" in image.notes[0]
    other = read_image(tmp_path / "many.zarr", series=2)
    np.testing.assert_array_equal(other.data[...], pictures[2])
    assert other.spacing == (2.5, 2.5)
    assert other.notes == ()
    with pytest.raises(InputError, match="the pictures 0 to 2"):
        read_image(tmp_path / "many.zarr", series=3)


def test_a_plate_is_its_fields(tmp_path):
    plate = zarr.open_group(str(tmp_path / "plate.zarr"), mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": "A/1"}, {"path": "B/2"}]}
    for i, well in enumerate(("A/1", "B/2")):
        group = plate.create_group(well)
        group.attrs["well"] = {"images": [{"path": "0"}]}
        ome_zarr(
            tmp_path / "plate.zarr" / well / "0",
            np.full((9, 9), i, np.uint8),
            0.4,
            "yx",
            [1, 1],
        )
    assert read_image(tmp_path / "plate.zarr").data[0, 0] == 0
    assert read_image(tmp_path / "plate.zarr", series=1).data[0, 0] == 1
    assert "'A/1/0'" in read_image(tmp_path / "plate.zarr").notes[0]


@pytest.mark.parametrize("version", [0.4, 0.5])
def test_blocks_that_are_not_stored_are_counted(tmp_path, version):
    zarr_format = 2 if version < 0.5 else 3
    group = zarr.open_group(str(tmp_path / "i.zarr"), mode="w", zarr_format=zarr_format)
    array = group.create_array("0", shape=(4, 20, 20), chunks=(1, 10, 10), dtype="u1")
    array[:] = 7
    axes = [{"name": a, "type": "space"} for a in "zyx"]
    known = [{"axes": axes, "datasets": [{"path": "0"}]}]
    group.attrs.update(
        {"multiscales": known} if zarr_format == 2 else {"ome": {"multiscales": known}}
    )
    assert read_image(tmp_path / "i.zarr").notes == ()
    block = next(
        path
        for path in sorted((tmp_path / "i.zarr" / "0").rglob("*"))
        if path.is_file() and path.name.split(".")[-1].isdigit()
    )
    block.unlink()
    (note,) = read_image(tmp_path / "i.zarr").notes
    assert note.startswith("i.zarr has 15 of 16 blocks; the others are read as 0")


@pytest.mark.parametrize("kept", [0, 20, 300])
def test_a_block_that_is_cut_off_is_named(tmp_path, kept):
    write_segmentation(tmp_path / "i.zarr", random_pixels((3, 20, 20)))
    block = tmp_path / "i.zarr" / "0" / "1" / "0" / "0"
    block.write_bytes(block.read_bytes()[:kept])
    for read in (read_image, read_strokes):
        with pytest.raises(InputError, match=r"i\.zarr is damaged: block 1/0/0 of '0'"):
            read(tmp_path / "i.zarr")


def test_a_damaged_block_is_named_when_its_plane_is_read(tmp_path):
    data = random_pixels((3, 20, 20))
    array = zarr.create_array(
        str(tmp_path / "i.zarr"), shape=data.shape, chunks=(1, 20, 20), dtype="u1"
    )
    array[:] = data
    block = tmp_path / "i.zarr" / "c" / "1" / "0" / "0"
    block.write_bytes(b"no compressed values")
    image = read_image(tmp_path / "i.zarr", axes="zyx")
    np.testing.assert_array_equal(image.plane((0,))[..., 0], data[0])
    with pytest.raises(InputError, match=r"i\.zarr is damaged: block 1/0/0 of '/'"):
        image.plane((1,))


def test_a_level_of_an_image_lies_where_the_image_lies(tmp_path):
    data = random_pixels((3, 12, 16))
    ome_zarr(tmp_path / "i.zarr", data, 0.4, "zyx", [2.0, 0.5, 0.25])
    image = read_image(tmp_path / "i.zarr" / "half")
    assert image.axes == "zyx"
    assert image.spacing == (2.0, 1.0, 0.5)
    np.testing.assert_array_equal(image.data[...], data[:, ::2, ::2])


def test_a_folder_of_labels_names_them(tmp_path):
    labels = zarr.open_group(str(tmp_path / "labels"), mode="w", zarr_format=2)
    labels.attrs["labels"] = ["cells", "nuclei"]
    with pytest.raises(InputError, match="one of cells, nuclei"):
        read_strokes(tmp_path / "labels")

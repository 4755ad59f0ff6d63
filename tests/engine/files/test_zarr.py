"""OME-Zarr images and plain Zarr arrays."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from image_files import ome_zarr, random_ids, random_pixels

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

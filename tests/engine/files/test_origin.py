"""Results are known by what is in the file, whatever they are called."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_garage_unet.engine.files.origin import is_result
from napari_garage_unet.engine.files.probabilities import write_probabilities
from napari_garage_unet.engine.files.stored_axes import stored_axes
from napari_garage_unet.engine.files.stored_nodata import stored_nodata
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image

LABELS = np.array([[1, 2], [0, 2]], np.uint8)


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.png", "a.zarr"])
def test_a_segmentation_is_known_under_any_name(tmp_path, name):
    write_segmentation(tmp_path / name, LABELS)
    assert is_result(tmp_path / name)


def test_many_objects_and_probabilities_are_known(tmp_path):
    write_segmentation(tmp_path / "ids.tif", LABELS.astype(np.int64) * 70_000)
    assert is_result(tmp_path / "ids.tif")
    image = Image(LABELS, "yx")
    write_probabilities(tmp_path / "p.tif", np.ones((2, 2, 2), np.float32), like=image)
    assert is_result(tmp_path / "p.tif")


def test_pictures_of_others_are_none_whatever_they_are_called(tmp_path):
    tifffile.imwrite(tmp_path / "x_objects.tif", LABELS)
    tifffile.imwrite(tmp_path / "x_segmentation.tif", LABELS, imagej=True)
    iio.imwrite(tmp_path / "x_segmentation.png", LABELS)
    np.save(tmp_path / "x_objects.npy", LABELS)
    (tmp_path / "x_objects_2.tif").write_text("no picture")
    (tmp_path / "notes.txt").write_text("napari-garage-unet")
    for path in tmp_path.iterdir():
        assert not is_result(path), path
    assert not is_result(tmp_path / "missing.tif")


def test_looking_into_a_raster_says_nothing_about_its_header(tmp_path, caplog):
    # The lowest float32 as GDAL writes it, which tifffile cannot cast.
    tag = (42113, "s", 0, "-3.4028234663852886e+38", True)
    path = tmp_path / "dem.tif"
    tifffile.imwrite(path, np.zeros((8, 9), np.float32), extratags=[tag])
    assert not is_result(path)
    assert stored_nodata(path, np.float32) == float(tag[3])
    assert stored_axes(path) is not None
    assert not caplog.records

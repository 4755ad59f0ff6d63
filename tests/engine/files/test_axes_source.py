"""Files say what their axes mean, or the image says that it was guessed."""

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Picture

from napari_garage_unet.engine.files.reading import read_image
from napari_garage_unet.engine.images.axes import AxesSource


def write_movie(path):
    tifffile.imwrite(
        path, np.zeros((5, 8, 9), np.uint8), imagej=True, metadata={"axes": "TYX"}
    )


def write_unnamed_stack(path):
    tifffile.imwrite(path, np.zeros((5, 8, 9), np.float32), photometric="minisblack")


def write_colours(path):
    Picture.fromarray(np.zeros((8, 9, 3), np.uint8)).save(path)


def write_pages_in_colours(path):
    pages = [Picture.fromarray(np.zeros((8, 9, 3), np.uint8)) for _ in range(5)]
    pages[0].save(path, save_all=True, append_images=pages[1:])


def write_array(path):
    np.save(path, np.zeros((5, 8, 9)))


def write_named_zarr(path):
    zarr.create_array(
        str(path),
        shape=(5, 8, 9),
        dtype="uint8",
        zarr_format=3,
        dimension_names=["time", "y", "x"],
    )


def write_xarray_zarr(path):
    array = zarr.create_array(str(path), shape=(5, 8, 9), dtype="uint8", zarr_format=2)
    array.attrs["_ARRAY_DIMENSIONS"] = ["time", "y", "x"]


def write_stack_as_napari_does(path):
    tifffile.imwrite(path, np.zeros((3, 8, 9), np.uint16), compression="zlib")


def write_unnamed_zarr(path):
    zarr.create_array(str(path), shape=(5, 8, 9), dtype="uint8")


@pytest.mark.parametrize(
    ("write", "name", "axes", "source"),
    [
        (write_movie, "a.tif", "tyx", AxesSource.FILE),
        (write_unnamed_stack, "a.tif", "zyx", AxesSource.SHAPE),
        (write_colours, "a.png", "yxc", AxesSource.FILE),
        (write_stack_as_napari_does, "a.tif", "cyx", AxesSource.SHAPE),
        (write_pages_in_colours, "a.tif", "zyxc", AxesSource.SHAPE),
        (write_array, "a.npy", "zyx", AxesSource.SHAPE),
        (write_named_zarr, "a.zarr", "tyx", AxesSource.LABELS),
        (write_xarray_zarr, "a.zarr", "tyx", AxesSource.LABELS),
        (write_unnamed_zarr, "a.zarr", "zyx", AxesSource.SHAPE),
    ],
)
def test_an_image_knows_who_named_its_axes(tmp_path, write, name, axes, source):
    write(tmp_path / name)
    image = read_image(tmp_path / name)
    assert (image.axes, image.axes_source) == (axes, source)


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_movie, "a.tif"), (write_array, "a.npy"), (write_unnamed_zarr, "a.zarr")],
)
def test_what_a_person_says_comes_before_the_file(tmp_path, write, name):
    write(tmp_path / name)
    image = read_image(tmp_path / name, axes="cyx")
    assert (image.axes, image.axes_source) == ("cyx", AxesSource.PERSON)

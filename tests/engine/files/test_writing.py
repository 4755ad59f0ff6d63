"""Segmentations in files of all kinds."""

from __future__ import annotations

import os

import numpy as np
import pytest
from image_files import random_ids, random_pixels

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "tzyx"])
@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_a_segmentation_comes_back_with_axes_and_spacing(tmp_path, axes, name, dtype):
    shape = {"t": 4, "z": 3, "y": 12, "x": 15}
    size = {"t": 2.5, "z": 3.0, "y": 0.325, "x": 0.1}
    labels = random_ids([shape[a] for a in axes]).astype(dtype)
    image = Image(
        random_pixels((*labels.shape, 2)),
        axes + "c",
        spacing=tuple(size[a] for a in axes),
        units="micrometer",
    )
    write_segmentation(tmp_path / name, labels, like=image)
    back = read_image(tmp_path / name)
    assert back.axes == axes
    assert back.spacing == pytest.approx(image.spacing)
    assert back.units == "micrometer"
    assert back.data.dtype == (np.uint8 if dtype == np.int64 else dtype)
    np.testing.assert_array_equal(back.data[...], labels)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["o.png", "o.npy", "o.tif", "o.zarr"])
def test_a_segmentation_of_an_unknown_image_comes_back(tmp_path, name):
    labels = random_ids((20, 31))
    labels[0, 0] = 200
    write_segmentation(tmp_path / name, labels)
    strokes = read_strokes(tmp_path / name)
    assert strokes.dtype == np.uint8
    np.testing.assert_array_equal(strokes, labels)


@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr", "o.npy"])
def test_many_objects_are_kept_apart(tmp_path, name):
    labels = np.arange(300 * 300).reshape(300, 300)
    write_segmentation(tmp_path / name, labels)
    strokes = read_strokes(tmp_path / name)
    assert strokes.dtype == np.uint32
    np.testing.assert_array_equal(strokes, labels)


def test_a_transposed_segmentation_keeps_its_shape(tmp_path):
    labels = random_ids((20, 31))
    image = Image(random_pixels((20, 31)), "xy")
    for name in ("o.tif", "o.zarr"):
        write_segmentation(tmp_path / name, labels, like=image)
        back = read_image(tmp_path / name)
        assert back.axes == "xy"
        np.testing.assert_array_equal(back.data[...], labels)


@pytest.mark.parametrize("name", ["o.tif", "o.zarr", "o.npy", "o.png"])
def test_an_older_segmentation_is_replaced(tmp_path, name):
    write_segmentation(tmp_path / name, random_ids((20, 31), seed=1))
    write_segmentation(tmp_path / name, random_ids((10, 11), seed=2))
    np.testing.assert_array_equal(
        read_strokes(tmp_path / name), random_ids((10, 11), seed=2)
    )
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["o.tif", "o.zarr", "o.npy", "o.png"])
def test_the_older_segmentation_survives_when_writing_breaks_off(
    tmp_path, name, monkeypatch
):
    labels = random_ids((20, 31))
    write_segmentation(tmp_path / name, labels)

    def no_space(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OutputError, match=f"{name} cannot.*No space left on device"):
        write_segmentation(tmp_path / name, np.zeros_like(labels))
    monkeypatch.undo()
    np.testing.assert_array_equal(read_strokes(tmp_path / name), labels)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for name in ("o.tif", "o.zarr", "o.npy", "o.png"):
        for folder in ("file", "missing"):
            with pytest.raises(OutputError, match=f"{folder} is not a folder"):
                write_segmentation(tmp_path / folder / name, random_ids((5, 5)))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_no_segmentation_is_not_replaced(tmp_path):
    for name in ("thesis.zarr", "thesis.tif"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chapter1.txt").write_text("years of work")
        with pytest.raises(OutputError, match="folder with other things in it"):
            write_segmentation(tmp_path / name, random_ids((5, 5)))
        assert (tmp_path / name / "chapter1.txt").exists()


def test_kinds_that_cannot_hold_a_segmentation_are_refused(tmp_path):
    with pytest.raises(OutputError, match=r"'\.jpg'.*\.tif, \.zarr"):
        write_segmentation(tmp_path / "o.jpg", random_ids((5, 5)))
    with pytest.raises(OutputError, match="one plane"):
        write_segmentation(tmp_path / "o.png", random_ids((3, 5, 5)))
    with pytest.raises(OutputError, match="65535"):
        write_segmentation(tmp_path / "o.png", np.full((5, 5), 70_000))


def test_labels_that_are_no_labels_are_refused(tmp_path):
    image = Image(random_pixels((5, 6)), "yx", name="cells")
    with pytest.raises(InputError, match=r"\(5, 5\) and cells has shape \(5, 6\)"):
        write_segmentation(tmp_path / "o.tif", random_ids((5, 5)), like=image)
    with pytest.raises(InputError, match="whole numbers"):
        write_segmentation(tmp_path / "o.tif", np.zeros((5, 6)), like=image)
    with pytest.raises(InputError, match="-1"):
        write_segmentation(tmp_path / "o.tif", np.full((5, 6), -1), like=image)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(1, 1, 20, 31), (20, 31, 1)])
def test_axes_of_length_1_do_not_count_in_a_png(tmp_path, shape):
    labels = np.zeros(shape, np.uint8)
    labels.reshape(20, 31)[3:9, 4:8] = 2
    write_segmentation(tmp_path / "a.png", labels)
    assert np.array_equal(read_strokes(tmp_path / "a.png"), labels.reshape(20, 31))

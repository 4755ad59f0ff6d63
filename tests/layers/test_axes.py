"""What the axes of layers mean, and who is believed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from napari.layers import Image
from napari.layers._source import layer_source

from napari_garage_unet.engine.errors import InputError
from napari_garage_unet.engine.images.axes import AxesSource
from napari_garage_unet.layers.axes import (
    axes_of,
    describe_layer,
    layer_axes,
    possible_axes,
    said_axes,
    say_axes,
)


def layer_of(*shape, rgb=False, **options):
    return Image(np.zeros(shape, np.uint8), rgb=rgb, **options)


def opened(path, data):
    """A layer as the viewer makes it of a file."""
    with layer_source(path=str(path)):
        return Image(data, rgb=False)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((60, 70), "yx"),
        ((9, 60, 70), "zyx"),
        ((2, 256, 256), "cyx"),
        ((4, 2, 64, 64), "zcyx"),
        ((200, 200, 6), "yxc"),
        ((40, 50, 3), "yxc"),
        ((1, 2, 1, 64, 64), "tczyx"),
        ((5, 9, 2, 64, 64), "tzcyx"),
        ((6, 7, 5, 64, 64), "tzcyx"),
    ],
)
def test_what_nobody_says_is_a_guess_from_the_shape(shape, axes):
    assert axes_of(layer_of(*shape)) == (axes, AxesSource.SHAPE)


@pytest.mark.parametrize(
    ("labels", "axes"),
    [
        (("T", "Y", "X"), "tyx"),
        (("time", "height", "width"), "tyx"),
        (("x", "y", "z"), "xyz"),
        (("channel", "y", "x"), "cyx"),
        (("a", "b", "c"), "zyx"),
        (("y", "y", "x"), "zyx"),
    ],
)
def test_axis_labels_count_where_all_are_understood(labels, axes):
    assert layer_axes(layer_of(5, 6, 7, axis_labels=labels)) == axes


@pytest.mark.parametrize(("shape", "axes"), [((3,), "zyx"), ((5, 7), "tzyx")])
def test_colours_are_never_looked_for_in_front_of_a_colour_picture(shape, axes):
    assert layer_axes(layer_of(*shape, 40, 50, 3, rgb=True)) == axes


def test_what_a_person_says_comes_first_and_travels_with_the_layer():
    layer = layer_of(48, 30, 30, axis_labels=("z", "y", "x"))
    say_axes(layer, "tyx")
    copy = Image(layer.data, metadata=layer.metadata)
    assert axes_of(layer) == axes_of(copy) == ("tyx", AxesSource.PERSON)
    say_axes(layer, None)
    assert axes_of(layer) == ("zyx", AxesSource.LABELS)
    with pytest.raises(InputError, match="has 3 axes"):
        say_axes(layer, "yx")


def test_a_word_that_no_longer_fits_the_layer_is_not_believed():
    layer = layer_of(48, 30, 30)
    say_axes(layer, "tyx")
    layer.data = np.zeros((40, 40))
    assert said_axes(layer) is None
    assert layer_axes(layer) == "yx"


@pytest.mark.parametrize(
    "metadata",
    [
        {"axes": "TYX"},
        {"axes": ["t", "y", "x"]},
        {"axes": [{"name": "t", "type": "time"}, {"name": "y"}, {"name": "x"}]},
        {"axes": "TCYX"},
        {"dims": ("T", "Y", "X")},
    ],
)
def test_what_the_reader_says_is_believed(metadata):
    layer = layer_of(48, 30, 30, metadata=metadata)
    assert axes_of(layer) == ("tyx", AxesSource.FILE)


@pytest.mark.parametrize(
    ("shape", "letters", "options", "axes"),
    [
        ((48, 30, 30), "TYX", {"imagej": True}, "tyx"),
        ((3, 40, 41), "ZYX", {"imagej": True}, "zyx"),
        ((5, 2, 30, 30), "TCYX", {"ome": True}, "tcyx"),
        ((48, 30, 30), "TYX", {"photometric": "minisblack"}, "tyx"),
    ],
)
def test_a_tiff_that_the_viewer_opened_is_asked(
    tmp_path, shape, letters, options, axes
):
    path = tmp_path / "a.tif"
    data = np.zeros(shape, np.uint8)
    tifffile.imwrite(path, data, metadata={"axes": letters}, **options)
    layer = opened(path, tifffile.imread(path))
    assert layer.data.shape == shape
    assert axes_of(layer) == (axes, AxesSource.FILE)


def test_colours_that_tifffile_guessed_for_three_planes_are_a_guess(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((3, 30, 31), np.uint16))
    layer = opened(path, tifffile.imread(path))
    assert axes_of(layer) == ("cyx", AxesSource.SHAPE)


def test_a_file_of_another_shape_is_not_believed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, np.zeros((48, 30, 30), np.uint8), imagej=True, metadata={"axes": "TYX"}
    )
    layer = opened(path, tifffile.imread(path))
    layer.data = layer.data[:9]
    assert axes_of(layer) == ("zyx", AxesSource.SHAPE)


def test_an_array_in_an_ome_zarr_image_has_the_axes_of_the_image(tmp_path):
    level = tmp_path / "a.zarr" / "0"
    level.mkdir(parents=True)
    (level / ".zarray").write_text(json.dumps({"shape": [1, 5, 1, 30, 30]}))
    axes = [{"name": a} for a in "tczyx"]
    described = {"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    (tmp_path / "a.zarr" / ".zattrs").write_text(json.dumps(described))
    for path, shape in ((level, (1, 5, 1, 30, 30)), (level.parent, (5, 30, 30))):
        layer = opened(path, np.zeros(shape, np.uint8))
        assert layer_axes(layer).replace("t", "").replace("z", "") == "cyx"
        assert axes_of(layer).source is AxesSource.FILE


def test_axes_are_said_in_words_and_others_are_offered():
    layer = layer_of(48, 130, 130)
    assert describe_layer(layer) == "48 planes z, 130 \u00d7 130"
    assert describe_layer(layer, "tyx") == "48 frames t, 130 \u00d7 130"
    assert possible_axes(layer) == ("zyx", "tyx", "cyx")
    assert possible_axes(layer_of(9, 30, 30, 3, rgb=True)) == ("zyx", "tyx")
    assert possible_axes(layer_of(200, 200, 6)) == ("yxz", "yxt", "yxc")
    assert possible_axes(layer_of(30, 40)) == ("yx",)


def test_too_many_axes_are_refused_with_a_way_to_go_on():
    layer = layer_of(2, 3, 4, 5, 30, 30, name="many")
    with pytest.raises(InputError, match=r"'many' has 6 axes.*Split Stack"):
        layer_axes(layer)


@pytest.mark.parametrize(
    ("shape", "units", "axes"),
    [
        ((3, 40, 60), ("nm", "um", "um"), "zyx"),
        ((3, 40, 60), ("um", "um", "um"), "cyx"),
        ((7, 40, 60), ("s", "um", "um"), "tyx"),
        ((4, 2, 40, 60), ("s", "pixel", "um", "um"), "tcyx"),
        ((5, 9, 40, 60), ("um", "s", "um", "um"), "ztyx"),
        ((40, 60), ("s", "um"), "yx"),
        ((200, 200, 6), ("um", "um", "pixel"), "yxc"),
    ],
)
def test_units_of_time_and_of_one_axis_correct_a_guess(shape, units, axes):
    layer = Image(np.zeros(shape, np.uint8), units=units)
    assert axes_of(layer) == (axes, AxesSource.SHAPE)


def test_a_persons_word_and_labels_come_before_units():
    layer = Image(np.zeros((3, 40, 60), np.uint8), units=("s", "um", "um"))
    say_axes(layer, "cyx")
    assert layer_axes(layer) == "cyx"
    say_axes(layer, None)
    layer.axis_labels = ("z", "y", "x")
    assert layer_axes(layer) == "zyx"


def test_units_of_time_make_a_movie_of_colours():
    layer = Image(np.zeros((5, 40, 60, 3), np.uint8), units=("s", "um", "um"))
    assert layer_axes(layer) == "tyx"

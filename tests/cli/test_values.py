"""What has no data, and contrast, on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, assert_refused, run, squares

from napari_garage_unet import load_model

HOLE = np.zeros((72, 80), bool)
HOLE[:, 64:] = True


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A picture whose right fifth is -9999, its mask, and a model trained on it."""
    place = tmp_path_factory.mktemp("values")
    image, strokes = squares()
    grey = image[..., 0].astype(np.float32)
    grey[HOLE] = -9999
    tifffile.imwrite(place / "x.tif", grey)
    tifffile.imwrite(place / "whole.tif", image[..., 0])
    tifffile.imwrite(place / "mask.tif", np.where(HOLE, 0, 255).astype(np.uint8))
    tifffile.imwrite(place / "strokes.tif", strokes)
    assert learn(place, "x.tif", "m.garage", "--nodata", -9999) == 0
    return place


def learn(place, image, model, *more, strokes="strokes.tif"):
    given = ("--image", place / image, "--strokes", place / strokes)
    return run(
        "train", *given, "--model", place / model, "--steps", 3, *AS_PLAIN, *more
    )


def test_no_data_is_named_in_one_line_and_becomes_class_0(place, tmp_path, capsys):
    out = ("--model", place / "m.garage", "--out", tmp_path / "x.tif")
    table = ("--objects", "--table", tmp_path / "t.csv")
    given = ("--nodata", -9999, "--min-size", 1)
    assert run("segment", place / "x.tif", *out, *given, *table) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "no data" in line]
    assert said == [
        "x.tif: 20 % of its pixels hold no data (-9999) and become class 0."
    ]
    labels = tifffile.imread(tmp_path / "x.tif")
    assert not labels[HOLE].any()
    assert labels[~HOLE].all()
    assert not tifffile.imread(tmp_path / "x_objects.tif")[HOLE].any()


def test_pixels_without_data_become_background_where_that_is_chosen(
    place, tmp_path, capsys
):
    out = ("--model", place / "m.garage", "--out", tmp_path / "x.tif")
    given = ("--nodata", -9999, "--nodata-class", "class 1")
    assert run("segment", place / "x.tif", *out, *given) == 0
    assert "and become class 1 (class 1)." in capsys.readouterr().err
    assert (tifffile.imread(tmp_path / "x.tif")[HOLE] == 1).all()


def test_a_mask_says_the_same_as_a_value(place, tmp_path):
    for name, image, given in (
        ("value", "x.tif", ("--nodata", -9999)),
        ("mask", "whole.tif", ("--mask", place / "mask.tif")),
    ):
        out = ("--model", place / "m.garage", "--out", tmp_path / f"{name}.tif")
        assert run("segment", place / image, *out, *given) == 0
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "value.tif"), tifffile.imread(tmp_path / "mask.tif")
    )


def test_a_mask_that_does_not_fit_is_refused(place, tmp_path, capfd):
    tifffile.imwrite(place / "small.tif", np.ones((4, 5), np.uint8))
    arguments = ("segment", place / "x.tif", "--model", place / "m.garage")
    arguments += ("--out", tmp_path / "x.tif", "--mask")
    assert_refused(
        (*arguments, place / "small.tif"), ("mask of x.tif has shape",), place, capfd
    )
    two = (place / "x.tif", "--mask", place / "mask.tif", "--mask", place / "mask.tif")
    assert_refused(
        (
            *arguments[:1],
            *two,
            place / "whole.tif",
            place / "m.garage",
            *arguments[2:-1],
        ),
        ("2 --mask and 3 images",),
        place,
        capfd,
    )


def test_contrast_of_a_stack_is_a_choice_kept_in_the_model(place, tmp_path, capsys):
    image, strokes = squares()
    planes = np.stack([image[..., 0], np.full_like(image[..., 0], 30)])
    tifffile.imwrite(place / "stack.tif", planes, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(place / "two.tif", np.stack([strokes, np.zeros_like(strokes)]))
    for given, chosen in ((("--contrast", "plane"), "plane"), ((), "training")):
        assert learn(place, "stack.tif", "z.garage", *given, strokes="two.tif") == 0
        assert load_model(place / "z.garage").preprocess.contrast == chosen
    report = tmp_path / "info.json"
    capsys.readouterr()
    assert run("info", place / "z.garage", "--json", report) == 0
    assert "of the painted planes" in capsys.readouterr().out
    info = json.loads(report.read_text())
    assert info["preprocess"]["contrast"] == "training"
    assert info["contrast"]["high"][0] > 150
    for contrast in ("plane", "stack", "training"):
        out = ("--model", place / "z.garage", "--out", tmp_path / f"{contrast}.tif")
        given = ("--contrast", contrast)
        assert run("segment", place / "stack.tif", *out, *given) == 0
        expected = load_model(place / "z.garage").with_contrast(contrast)
        np.testing.assert_array_equal(
            tifffile.imread(tmp_path / f"{contrast}.tif"), expected.segment(planes)
        )

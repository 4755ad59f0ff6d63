"""What a file holds besides the picture is said, and another picture can be chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, assert_refused, run, squares

from napari_garage_unet.engine.files.label_classes import color_table
from napari_garage_unet.engine.files.reading import read_strokes


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A file with a thumbnail in front of the picture and another one behind it."""
    image, strokes = squares()
    path = tmp_path_factory.mktemp("several") / "several.tif"
    with tifffile.TiffWriter(path) as tif:
        for i, picture in enumerate((image[::8, ::8], image, image[::-1])):
            tif.write(picture, photometric="rgb", metadata={"name": str(i)})
    tifffile.imwrite(path.with_name("strokes.tif"), strokes)
    return path


def test_a_thumbnail_is_not_the_picture_and_this_is_said_once(
    folder, model, several, tmp_path, capsys
):
    out = tmp_path / "o.tif"
    given = ("--model", folder / "model.garage", "--out", out)
    assert run("segment", several, *given) == 0
    np.testing.assert_array_equal(tifffile.imread(out), model.segment(squares()[0]))
    said = capsys.readouterr().err
    assert said.count("several.tif holds 3 pictures") == 1
    assert "number 1 is read" in said


def test_another_picture_is_segmented_and_learnt_from(
    folder, model, several, tmp_path, capsys
):
    out = tmp_path / "o.tif"
    given = ("--model", folder / "model.garage", "--out", out)
    assert run("segment", several, *given, "--series", 2) == 0
    expected = model.segment(squares()[0][::-1])
    np.testing.assert_array_equal(tifffile.imread(out), expected)
    assert "pictures" not in capsys.readouterr().err
    trained = run(
        *("train", "--image", several, "--strokes", several.with_name("strokes.tif")),
        *("--model", tmp_path / "m.garage", "--steps", 1, "--series", 2, *AS_PLAIN),
    )
    assert trained == 0


def test_a_picture_that_is_not_there_is_refused(folder, several, tmp_path, capfd):
    given = ("--model", folder / "model.garage", "--out", tmp_path / "o.tif")
    arguments = ("segment", several, *given, "--series", 3)
    assert_refused(arguments, ["no picture 3", "pictures 0 to 2"], tmp_path, capfd)


def test_results_have_the_colours_and_names_of_the_classes(folder, model, tmp_path):
    given = (folder / "image.png", "--model", folder / "model.garage", "--out")
    for name in ("o.tif", "o.png", "o.zarr"):
        assert run("segment", *given, tmp_path / name) == 0
        labels = read_strokes(tmp_path / name)
        np.testing.assert_array_equal(labels, model.segment(squares()[0]))
    with tifffile.TiffFile(tmp_path / "o.tif") as tif:
        assert tif.imagej_metadata["max"] == 3
        assert tuple(tif.imagej_metadata["LUTs"][:, 255]) == (0, 158, 115)
    known = json.loads((tmp_path / "o.zarr" / ".zattrs").read_text())["image-label"]
    assert known["properties"][1] == {"label-value": 3, "name": "wheel"}
    assert known["colors"][1]["rgba"] == [0, 158, 115, 255]
    assert color_table([]).shape == (256, 3)


def test_the_place_on_the_map_reaches_the_result(folder, tmp_path):
    place = [
        (33550, "d", 3, (10.0, 10.0, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, 5e5, 5.4e6, 0.0), True),
        (34735, "H", 8, (1, 1, 0, 1, 3072, 0, 1, 32632), True),
    ]
    image = tmp_path / "geo.tif"
    tifffile.imwrite(image, squares()[0], photometric="rgb", extratags=place)
    given = ("--model", folder / "model.garage", "--out", tmp_path / "o.tif")
    assert run("segment", image, *given, "--probabilities", "--objects") == 0
    for name in ("o.tif", "o_probabilities.tif", "o_objects.tif"):
        with tifffile.TiffFile(tmp_path / name) as tif:
            for code, _, _, value, _ in place:
                assert tuple(tif.pages[0].tags[code].value) == value

"""What axes mean on the command line: stored, guessed, decided by strokes, or said."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, STEPS, assert_refused, run

from napari_garage_unet import load_model


def pixels(*shape):
    return np.random.default_rng(0).integers(0, 99, shape).astype(np.uint8)


def strokes(*shape):
    painted = np.zeros(shape, np.uint8)
    plane = painted.reshape(-1, *shape[-2:])[-1]
    plane[4:8, 4:40], plane[20:24, 4:40] = 1, 2
    return painted


def train(folder, image, painted, *more):
    return run(
        *("train", "--image", folder / image, "--strokes", folder / painted),
        *("--model", folder / "m.garage", "--steps", STEPS, *AS_PLAIN, *more),
    )


def write(folder, name, data, axes=""):
    """Write an array as a file of ImageJ with its axes, or without any."""
    if name.endswith(".npy"):
        np.save(folder / name, data)
    elif axes:
        tifffile.imwrite(folder / name, data, imagej=True, metadata={"axes": axes})
    else:
        tifffile.imwrite(folder / name, data, photometric="minisblack")


@pytest.mark.parametrize(
    ("axes", "shape", "painted"),
    [
        # strokes without axes of their own, as napari saves them
        ("TYX", (5, 40, 48), (5, 40, 48)),
        ("CYX", (2, 40, 48), (40, 48)),
        ("ZCYX", (4, 2, 40, 48), (4, 40, 48)),
        # with the axis of length 1 that layers on such an image have
        ("ZCYX", (4, 2, 40, 48), (4, 1, 40, 48)),
        ("TZCYX", (2, 3, 2, 40, 48), (2, 3, 1, 40, 48)),
        ("YX", (40, 48), (1, 40, 48)),
    ],
)
def test_strokes_without_axes_fit_a_file_with_axes(tmp_path, axes, shape, painted):
    write(tmp_path, "image.tif", pixels(*shape), axes)
    write(tmp_path, "strokes.tif", strokes(*painted))
    assert train(tmp_path, "image.tif", "strokes.tif") == 0
    assert load_model(tmp_path / "m.garage").axes == axes.lower()


def test_a_movie_is_a_movie_in_the_table_and_for_sizes(tmp_path, capsys):
    write(tmp_path, "movie.tif", pixels(5, 40, 48), "TYX")
    write(tmp_path, "strokes.tif", strokes(5, 40, 48))
    assert train(tmp_path, "movie.tif", "strokes.tif", "--background", 1) == 0
    segment = ("segment", tmp_path / "movie.tif", "--model", tmp_path / "m.garage")
    out = ("--out", tmp_path / "s.tif", "--table", tmp_path / "t.csv")
    assert run(*segment, *out) == 0
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))
    assert "t" in [c.partition(" ")[0] for c in columns]
    assert not any("volume" in column for column in columns)
    capsys.readouterr()
    assert run("info", tmp_path / "m.garage") == 0
    assert "axes tyx, 1 channel" in capsys.readouterr().out


def test_a_file_is_not_overruled_by_its_strokes(tmp_path, capfd):
    write(tmp_path, "image.tif", pixels(2, 40, 48), "CYX")
    write(tmp_path, "strokes.tif", strokes(2, 40, 48))
    assert_refused(
        (
            *("train", "--image", tmp_path / "image.tif"),
            *("--strokes", tmp_path / "strokes.tif", "--model", tmp_path / "m"),
        ),
        ["image.tif", "cyx (by its file)", "(40, 48)", "(2, 40, 48)", "--axes zyx"],
        tmp_path,
        capfd,
    )
    # In capitals as well, as TIFF files have them.
    assert train(tmp_path, "image.tif", "strokes.tif", "--axes", "ZYX") == 0
    assert load_model(tmp_path / "m.garage").axes == "zyx"


def test_a_file_is_not_overruled_by_the_channels_of_the_model(tmp_path, capfd):
    write(tmp_path, "image.tif", pixels(2, 40, 48), "CYX")
    write(tmp_path, "other.tif", pixels(2, 40, 48), "ZYX")
    write(tmp_path, "strokes.tif", strokes(40, 48))
    assert train(tmp_path, "image.tif", "strokes.tif") == 0
    segment = (
        *("segment", tmp_path / "other.tif", "--model", tmp_path / "m.garage"),
        *("--out", tmp_path / "out.tif"),
    )
    expected = [
        "other.tif has 1 channel",
        "zyx by its file",
        "2 channels",
        "--axes cyx",
    ]
    capfd.readouterr()
    assert_refused(segment, expected, tmp_path, capfd)
    assert run(*segment, "--axes", "cyx") == 0
    assert tifffile.imread(tmp_path / "out.tif").shape == (40, 48)


@pytest.mark.parametrize(
    ("shape", "painted", "axes", "words"),
    [
        ((5, 40, 48), (5, 40, 48), "zyx", "5 planes z, 40 \u00d7 48 (axes zyx)"),
        ((2, 40, 48), (40, 48), "cyx", "2 channels, 40 \u00d7 48 (axes cyx)"),
        ((40, 48, 6), (40, 48), "yxc", "6 channels, 40 \u00d7 48 (axes yxc)"),
        ((1, 2, 1, 40, 48), (40, 48), "tczyx", "2 channels, 40 \u00d7 48"),
        ((40, 48), (40, 48), "yx", ""),
        ((40, 48, 3), (40, 48), "yxc", ""),
    ],
)
def test_a_guess_is_said_in_one_line(tmp_path, capfd, shape, painted, axes, words):
    write(tmp_path, "image.npy", pixels(*shape))
    write(tmp_path, "strokes.npy", strokes(*painted))
    assert train(tmp_path, "image.npy", "strokes.npy") == 0
    assert load_model(tmp_path / "m.garage").axes == axes
    said = [line for line in capfd.readouterr().err.splitlines() if "image.npy" in line]
    assert len(said) == (1 if words else 0)
    for line in said:
        assert f"image.npy is taken for {words}" in line
        assert "--axes" in line


def test_strokes_tell_three_planes_that_napari_saved_from_colours(tmp_path):
    for name, array in (("image", pixels(3, 40, 48)), ("strokes", strokes(3, 40, 48))):
        tifffile.imwrite(tmp_path / f"{name}.tif", array, compression="zlib")
    assert train(tmp_path, "image.tif", "strokes.tif") == 0
    assert load_model(tmp_path / "m.garage").axes == "zyx"


def test_a_model_of_channels_decides_about_a_guess(tmp_path):
    write(tmp_path, "image.tif", pixels(6, 40, 48), "CYX")
    write(tmp_path, "strokes.tif", strokes(40, 48))
    assert train(tmp_path, "image.tif", "strokes.tif") == 0
    model = load_model(tmp_path / "m.garage")
    for shape in ((6, 40, 48), (1, 6, 1, 40, 48), (3, 6, 40, 48)):
        write(tmp_path, "image.npy", pixels(*shape))
        assert (
            run(
                *("segment", tmp_path / "image.npy", "--model", tmp_path / "m.garage"),
                *("--out", tmp_path / "out.npy"),
            )
            == 0
        )
        found = np.load(tmp_path / "out.npy")
        assert found.size == np.prod(shape) // 6
        assert np.array_equal(found, model.segment(pixels(*shape)))


def test_a_mismatch_is_found_before_tensorflow_starts(tmp_path):
    write(tmp_path, "image.npy", pixels(2, 40, 48))
    write(tmp_path, "strokes.npy", strokes(9, 40, 48))
    arguments = [
        *("train", "--image", str(tmp_path / "image.npy")),
        *("--strokes", str(tmp_path / "strokes.npy"), "--model", str(tmp_path / "m")),
    ]
    code = (
        "import sys\n"
        "from napari_garage_unet.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as end:\n"
        "    print(end.code, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "False"]


def test_colours_are_not_offered_as_planes(tmp_path, capfd):
    write(tmp_path, "image.tif", pixels(40, 48))
    write(tmp_path, "strokes.tif", strokes(40, 48))
    assert train(tmp_path, "image.tif", "strokes.tif") == 0
    tifffile.imwrite(tmp_path / "rgb.tif", pixels(40, 48, 3), photometric="rgb")
    capfd.readouterr()
    out = ("--model", tmp_path / "m.garage", "--out", tmp_path / "o.tif")
    assert run("segment", tmp_path / "rgb.tif", *out) == 2
    said = capfd.readouterr().err
    assert "rgb.tif has 3 channels" in said
    assert "--axes" not in said

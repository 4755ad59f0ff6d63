"""What the command line says of images that differ from those of the model."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from command_line import AS_PLAIN, run

SHAPE = (48, 64)


def write(path, *, micrometers, planes=1, **metadata):
    """Write noise as ImageJ does, calibrated."""
    axes = "YX" if planes == 1 else "CYX"
    shape = SHAPE if planes == 1 else (planes, *SHAPE)
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint16)
    tifffile.imwrite(
        path,
        pixels,
        imagej=True,
        resolution=(1 / micrometers, 1 / micrometers),
        metadata={"axes": axes, "unit": "um", **metadata},
    )
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of pixels of half a micrometer."""
    folder = tmp_path_factory.mktemp("calibrated")
    strokes = np.zeros(SHAPE, np.uint8)
    strokes[4:7, 4:60], strokes[30:33, 4:60] = 1, 2
    tifffile.imwrite(folder / "strokes.tif", strokes)
    image = write(folder / "image.tif", micrometers=0.5)
    given = ("--image", image, "--strokes", folder / "strokes.tif")
    model = folder / "model.garage"
    assert run("train", *given, "--model", model, "--steps", 2, *AS_PLAIN) == 0
    return model


def test_info_says_the_size_of_the_pixels_it_learnt_from(trained, capsys):
    assert run("info", trained) == 0
    assert "1 channel, pixels y 0.5 µm, x 0.5 µm" in capsys.readouterr().out


@pytest.mark.parametrize(("micrometers", "lines"), [(0.25, 1), (0.5, 0)])
def test_another_size_of_pixels_is_one_line_and_no_error(
    micrometers, lines, trained, tmp_path, capsys
):
    image = write(tmp_path / "new.tif", micrometers=micrometers)
    out = tmp_path / "out.tif"
    assert run("segment", image, "--model", trained, "--out", out) == 0
    assert tifffile.imread(out).shape == SHAPE
    said = capsys.readouterr().err.splitlines()
    about = [line for line in said if "Pixels of new.tif are 0.25 µm" in line]
    assert len(about) == lines


def test_an_image_without_calibration_gives_no_noise(trained, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "plain.tif", np.zeros(SHAPE, np.uint16))
    given = ("--model", trained, "--out", tmp_path / "out.tif")
    assert run("segment", tmp_path / "plain.tif", *given) == 0
    assert "Pixels of" not in capsys.readouterr().err

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.files.probabilities import write_probabilities
from napari_garage_unet.engine.files.reading import read_image
from napari_garage_unet.engine.images.image import Image


def probabilities(*spatial):
    drawn = np.random.default_rng(0).random((2, *spatial), np.float32)
    return drawn / drawn.sum(axis=0)


@pytest.mark.parametrize("units", ["nanometer", "micrometer", "angstrom", "inch"])
def test_probabilities_come_back_as_channels_with_spacing_and_unit(tmp_path, units):
    image = Image(np.zeros((3, 12, 15)), "zyx", spacing=(2, 0.5, 0.25), units=units)
    expected = probabilities(3, 12, 15)
    write_probabilities(tmp_path / "p.tif", expected, like=image)
    found = read_image(tmp_path / "p.tif")
    assert found.axes == "czyx"
    assert found.spacing == (2, 0.5, 0.25)
    assert found.units == units
    assert found.data.dtype == np.float32
    np.testing.assert_array_equal(found.data, expected)


def test_probabilities_of_a_transposed_image_keep_its_axes(tmp_path):
    image = Image(np.zeros((12, 15)), "xy")
    expected = probabilities(12, 15)
    write_probabilities(tmp_path / "p.tif", expected, like=image)
    found = read_image(tmp_path / "p.tif")
    assert found.axes == "cxy"
    np.testing.assert_array_equal(found.data, expected)


def test_older_probabilities_stay_when_writing_breaks_off(tmp_path, monkeypatch):
    image = Image(np.zeros((12, 15)), "yx")
    write_probabilities(tmp_path / "p.tif", probabilities(12, 15), like=image)
    before = (tmp_path / "p.tif").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full)
    with pytest.raises(OutputError, match=r"p\.tif cannot.*No space left on device"):
        write_probabilities(tmp_path / "p.tif", probabilities(12, 15), like=image)
    assert (tmp_path / "p.tif").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["p.tif"]

"""What napari leaves out of a file is taken over or said."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.layers import Image
from napari.layers._source import layer_source

from napari_garage_unet.layers.images import read_image


def opened(path):
    """A layer as napari's own reader makes it."""
    with layer_source(path=str(path)):
        return Image(tifffile.imread(path), rgb=False)


def test_the_no_data_value_of_the_file_is_that_of_the_layer(tmp_path):
    data = np.full((20, 30), 0.5, np.float32)
    data[:5] = -9999
    tag = (42113, "s", 0, "-9999", True)
    tifffile.imwrite(tmp_path / "n.tif", data, extratags=[tag])
    image = read_image([opened(tmp_path / "n.tif")])
    assert image.nodata == -9999
    assert "names -9999 as its no-data value" in image.notes[0]
    missing = image.missing_values(image.plane())
    assert missing[:5].all()
    assert not missing[5:].any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"photometric": "palette", "colormap": np.zeros((3, 256), np.uint16)},
            "stores a palette",
        ),
        ({"photometric": "miniswhite"}, "stores white as 0"),
    ],
)
def test_values_that_are_not_what_one_sees_are_said(tmp_path, options, said):
    tifffile.imwrite(tmp_path / "p.tif", np.zeros((20, 30), np.uint8), **options)
    (note,) = read_image([opened(tmp_path / "p.tif")]).notes
    assert said in note


def test_other_pictures_in_the_file_are_said(tmp_path):
    with tifffile.TiffWriter(tmp_path / "m.tif") as tif:
        for n in (20, 40):
            tif.write(np.zeros((n, n), np.uint8), metadata={"name": str(n)})
    (note,) = read_image([opened(tmp_path / "m.tif")]).notes
    assert note == "m.tif holds 2 pictures, of which napari opens the first."


def test_of_an_ordinary_file_and_of_no_file_nothing_is_said(tmp_path):
    tifffile.imwrite(tmp_path / "o.tif", np.zeros((20, 30), np.uint8))
    assert read_image([opened(tmp_path / "o.tif")]).notes == ()
    assert read_image([Image(np.zeros((20, 30)))]).notes == ()

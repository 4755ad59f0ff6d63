"""What other programs see of a segmentation: its place, names and colours."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
import zarr
from image_files import ome_zarr, random_ids, random_pixels
from PIL import Image as Picture

from napari_garage_unet.engine.files import tiff_writing
from napari_garage_unet.engine.files.label_classes import LabelClass
from napari_garage_unet.engine.files.probabilities import write_probabilities
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation
from napari_garage_unet.engine.images.image import Image

CLASSES = [
    LabelClass(1, "ground", "#e69f00"),
    LabelClass(3, "disc", "#56b4e9"),
    LabelClass(7, "edge", "#0072b2"),
]
GEO = [
    (33550, "d", 3, (10.0, 10.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 500000.0, 5400000.0, 0.0), True),
    (34735, "H", 8, (1, 1, 0, 1, 3072, 0, 1, 32632), True),
    (34737, "s", 0, "UTM 32N|", True),
]


def image_at_a_place(axes):
    length = {"t": 4, "z": 3, "y": 12, "x": 15}
    size = {"t": 2.5, "z": 3.0, "y": 0.25, "x": 0.5}
    start = {"t": 0.0, "z": -6.0, "y": 10.0, "x": 20.0}
    return Image(
        random_pixels([length[a] for a in axes]),
        axes,
        spacing=tuple(size[a] for a in axes),
        origin=tuple(start[a] for a in axes),
        units="micrometer",
    )


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "tzyx"])
@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr"])
def test_a_segmentation_lies_where_its_image_lies(tmp_path, axes, name):
    image = image_at_a_place(axes)
    write_segmentation(tmp_path / name, random_ids(image.data.shape), like=image)
    back = read_image(tmp_path / name)
    assert back.axes == axes
    assert back.spacing == pytest.approx(image.spacing)
    assert back.origin == pytest.approx(image.origin)


@pytest.mark.parametrize("axes", ["yx", "zyx"])
def test_probabilities_lie_there_too_and_name_the_classes(tmp_path, axes):
    image = image_at_a_place(axes)
    shares = random_pixels((2, *image.data.shape), np.float32)
    write_probabilities(
        tmp_path / "p.tif", shares, like=image, names=["ground", "disc"]
    )
    back = read_image(tmp_path / "p.tif")
    assert back.origin == pytest.approx(image.origin)
    assert back.channel_names == ("ground", "disc")
    np.testing.assert_array_equal(back.data.ravel(), np.ravel(back.data))


def test_places_of_ome_zarr_add_up_over_both_levels(tmp_path):
    data = random_pixels((12, 16))
    ome_zarr(tmp_path / "i.zarr", data, 0.4, "yx", [0.5, 0.25])
    attributes = json.loads((tmp_path / "i.zarr" / ".zattrs").read_text())
    multiscale = attributes["multiscales"][0]
    multiscale["datasets"][0]["coordinateTransformations"].append(
        {"type": "translation", "translation": [1.0, 2.0]}
    )
    multiscale["coordinateTransformations"] = [
        {"type": "scale", "scale": [2.0, 2.0]},
        {"type": "translation", "translation": [10.0, 20.0]},
    ]
    (tmp_path / "i.zarr" / ".zattrs").write_text(json.dumps(attributes))
    image = read_image(tmp_path / "i.zarr")
    assert image.spacing == (1.0, 0.5)
    assert image.origin == (12.0, 24.0)
    write_segmentation(tmp_path / "o.zarr", random_ids((12, 16)), like=image)
    written = json.loads((tmp_path / "o.zarr" / ".zattrs").read_text())
    (level,) = written["multiscales"][0]["datasets"]
    assert level["coordinateTransformations"] == [
        {"type": "scale", "scale": [1.0, 0.5]},
        {"type": "translation", "translation": [12.0, 24.0]},
    ]


@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32])
def test_the_place_on_the_map_is_copied(tmp_path, name, dtype):
    tifffile.imwrite(
        tmp_path / "geo.tif",
        random_pixels((12, 15)),
        extratags=[*GEO, (42113, "s", 0, "0", True)],
        metadata=None,
    )
    image = read_image(tmp_path / "geo.tif")
    assert [tag.code for tag in image.georeference] == [33550, 33922, 34735, 34737]
    labels = random_ids((12, 15)).astype(dtype)
    labels[0, 0] = np.iinfo(dtype).max
    write_segmentation(tmp_path / name, labels, like=image)
    write_probabilities(
        tmp_path / "p.tif", random_pixels((2, 12, 15), np.float32), like=image
    )
    for written in (name, "p.tif"):
        with tifffile.TiffFile(tmp_path / written) as tif:
            tags = tif.pages[0].tags
            assert tuple(tags[33550].value) == (10.0, 10.0, 0.0)
            assert tuple(tags[33922].value[3:5]) == (500000.0, 5400000.0)
            assert tuple(tags[34735].value) == GEO[2][3]
            assert 42113 not in tags
            assert tif.geotiff_metadata["ProjectedCSTypeGeoKey"] == 32632
    # The result of a result is still there.
    assert read_image(tmp_path / name).georeference == image.georeference


def test_imagej_shows_the_classes_in_their_colours(tmp_path):
    labels = random_ids((20, 31))
    write_segmentation(tmp_path / "o.tif", labels, classes=CLASSES)
    with tifffile.TiffFile(tmp_path / "o.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), labels)
        shown = tif.imagej_metadata
    assert (shown["min"], shown["max"]) == (0.0, 7.0)
    table = shown["LUTs"]
    assert table.shape == (3, 256)
    for value, color in ((0, (0, 0, 0)), (1, (230, 159, 0)), (7, (0, 114, 178))):
        assert tuple(table[:, round(value * 255 / 7)]) == color


@pytest.mark.parametrize("highest", [1, 300, 60_000])
def test_objects_are_shown_from_none_to_the_last(tmp_path, highest):
    labels = np.zeros((20, 31), np.uint16)
    labels[3, 4] = highest
    write_segmentation(tmp_path / "o.tif", labels)
    with tifffile.TiffFile(tmp_path / "o.tif") as tif:
        shown = tif.imagej_metadata
    assert (shown["min"], shown["max"]) == (0.0, highest)
    assert "LUTs" not in shown
    write_segmentation(tmp_path / "empty.tif", np.zeros((9, 9), np.uint8))
    assert not read_image(tmp_path / "empty.tif").data.any()


def test_a_png_has_the_colours_of_the_classes_and_is_read_as_strokes(tmp_path):
    labels = random_ids((20, 31))
    write_segmentation(tmp_path / "o.png", labels, classes=CLASSES)
    with Picture.open(tmp_path / "o.png") as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture), labels)
        colors = np.asarray(picture.convert("RGB"))
    assert set(map(tuple, colors[labels == 3].tolist())) == {(86, 180, 233)}
    np.testing.assert_array_equal(read_strokes(tmp_path / "o.png"), labels)


def test_ome_zarr_has_the_colours_and_names_of_the_classes(tmp_path):
    write_segmentation(tmp_path / "o.zarr", random_ids((20, 31)), classes=CLASSES)
    known = zarr.open_group(str(tmp_path / "o.zarr"), mode="r").attrs["image-label"]
    assert known["colors"][1] == {"label-value": 3, "rgba": [86, 180, 233, 255]}
    assert known["properties"][1] == {"label-value": 3, "name": "disc"}


@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "p.tif"])
def test_what_may_not_fit_into_4_gib_becomes_bigtiff(tmp_path, name, monkeypatch):
    image = Image(random_pixels((100, 100)), "yx")
    ids = random_pixels((100, 100), np.uint32)
    shares = random_pixels((2, 100, 100), np.float32)

    def write(is_big):
        if name == "p.tif":
            write_probabilities(tmp_path / name, shares, like=image)
        else:
            write_segmentation(tmp_path / name, ids, like=image)
        with tifffile.TiffFile(tmp_path / name) as tif:
            assert tif.is_bigtiff is is_big
            np.testing.assert_array_equal(
                tif.asarray(), shares if name == "p.tif" else ids
            )

    write(False)
    monkeypatch.setattr(tiff_writing, "MAX_CLASSIC_BYTES", 39_999)
    write(True)


@pytest.mark.slow
def test_probabilities_above_4_gib_are_written(tmp_path):
    shares = np.zeros((2, 24_000, 24_000), np.float32)
    shares[:, ::1000] = 0.5
    image = Image(np.broadcast_to(np.uint8(0), shares.shape[1:]), "yx")
    write_probabilities(tmp_path / "p.tif", shares, like=image)
    with tifffile.TiffFile(tmp_path / "p.tif") as tif:
        assert tif.is_bigtiff
        assert tif.series[0].shape == shares.shape

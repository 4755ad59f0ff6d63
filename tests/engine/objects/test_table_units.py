"""Each row has its unit, and one unit stands for all lengths."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.objects.measure import measure
from napari_garage_unet.engine.objects.table_units import (
    column_title,
    image_unit,
    join_in_one_unit,
    rows_of_image,
    titles,
)

DISC = np.hypot(*(np.indices((30, 30)) - 14)) < 10


def measured(units, size, *, depth=0):
    shape = (depth, *DISC.shape) if depth else DISC.shape
    image = Image(
        np.broadcast_to(DISC, shape).astype(np.uint8),
        "zyx"[-len(shape) :],
        spacing=(size,) * len(shape),
        units=units,
        name=f"{units}.tif",
    )
    table = measure(np.asarray(image.data), spacing=image.spacing)
    return rows_of_image(table, image, name=image.name)


@pytest.mark.parametrize(
    ("units", "size", "unit"),
    [
        ("micrometer", 0.5, "µm"),
        ("nanometer", 1, "nm"),
        ("pixel", 1, "pixel"),
        ("", 1, "pixel"),
        # Somebody has set a size and no unit: these numbers are no pixels.
        ("pixel", 0.5, "unknown"),
        ("foot", 2, "foot"),
    ],
)
def test_the_unit_of_an_image_is_what_its_lengths_are_in(units, size, unit):
    assert image_unit(Image(DISC, "yx", spacing=(size, size), units=units)) == unit


def test_sizes_along_z_or_time_alone_leave_pixels_pixels():
    stack = Image(np.zeros((3, 2, 4, 5)), "tzyx", spacing=(60, 3, 1, 1))
    assert image_unit(stack) == "pixel"


def test_lengths_are_joined_in_the_first_unit_and_pixels_stay_apart():
    pixels = int(DISC.sum())
    joined = join_in_one_unit(
        [measured("pixel", 1), measured("micrometer", 0.5), measured("nanometer", 500)]
    )
    assert joined["unit"].tolist() == ["pixel", "µm", "µm"]
    assert joined["area"].tolist() == pytest.approx([pixels, pixels / 4, pixels / 4])
    assert joined["equivalent_diameter"][2] == pytest.approx(
        joined["equivalent_diameter"][0] / 2
    )
    assert joined["centroid_x"].tolist() == pytest.approx([14, 7, 7])
    assert joined["elongation"].tolist() == pytest.approx([1, 1, 1], abs=0.01)
    assert joined["label"].tolist() == [1, 1, 1]
    assert titles(joined) == list(joined)


def test_one_unit_for_all_rows_stands_in_the_header():
    joined = join_in_one_unit([measured("nanometer", 500), measured("micrometer", 0.5)])
    assert joined["unit"].tolist() == ["nm", "nm"]
    assert "area (nm²)" in titles(joined)
    assert "centroid_x (nm)" in titles(joined)
    assert "elongation" in titles(joined)


def test_areas_and_volumes_stand_in_two_columns():
    joined = join_in_one_unit(
        [measured("micrometer", 0.5), measured("nanometer", 500, depth=2)]
    )
    pixels = int(DISC.sum())
    assert joined["area"].tolist() == [pixels / 4, ""]
    assert joined["volume"][0] == ""
    assert joined["volume"][1] == pytest.approx(2 * pixels / 8)


def test_an_unknown_unit_stands_in_no_title():
    assert column_title("area", "unknown") == "area"
    assert column_title("volume", "nm") == "volume (nm³)"
    assert column_title("label", "nm") == "label"
    assert titles({"area": np.array([1.0])}) == ["area"]


def test_tables_without_rows_join_to_columns_without_rows():
    empty = rows_of_image({}, Image(DISC, "yx"), name="a")
    joined = join_in_one_unit([empty, empty])
    assert {name: column.tolist() for name, column in joined.items()} == {
        "image": [],
        "unit": [],
    }

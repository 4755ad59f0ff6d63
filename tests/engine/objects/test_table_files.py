"""CSV files that spreadsheets open."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.objects.measure import measure
from napari_garage_unet.engine.objects.table_files import plain_number, write_table
from napari_garage_unet.engine.objects.table_units import rows_of_image


def test_a_table_is_written_with_image_and_units(tmp_path):
    ids = np.array([[1, 1], [0, 2]])
    image = Image(ids, "yx", units="micrometer", name="cells, best.tif")
    table = measure(ids, image=np.array([[1, 3], [9, 7]]))
    write_table(rows_of_image(table, image, name=image.name), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfimage,unit,")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["cells, best.tif"] * 2
    assert [row["unit"] for row in rows] == ["µm", "µm"]
    assert [row["label"] for row in rows] == ["1", "2"]
    assert [row["area (µm²)"] for row in rows] == ["2", "1"]
    assert [row["mean_intensity"] for row in rows] == ["2", "7"]
    assert [row["centroid_x (µm)"] for row in rows] == ["0.5", "1"]


def test_a_table_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_table({"label": np.array([1])}, tmp_path / "missing" / "out.csv")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (108900.0, "108900"),
        (1.089e5 + 0.25, "108900.25"),
        (78500000000.0, "78500000000"),
        (1e22, "10000000000000000000000"),
        (7.8e-8, "0.000000078"),
        (0.1 + 0.2, "0.3"),
        (313 / 4, "78.25"),
        (1 / 3, "0.333333333333"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (float("nan"), ""),
        (float("inf"), ""),
    ],
)
def test_numbers_are_plain(value, text):
    assert plain_number(value) == text


def test_few_digits_keep_those_in_front_of_the_point():
    assert plain_number(108912.3, 4) == "108912"
    assert plain_number(12.345678, 4) == "12.35"

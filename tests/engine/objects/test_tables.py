"""Joined tables, units of columns and CSV files."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.objects.measure import measure
from napari_garage_unet.engine.objects.tables import (
    column_unit,
    join_tables,
    n_rows,
    write_table,
)


def test_tables_are_joined_and_missing_columns_stay_empty():
    flat = {"label": np.array([1, 2]), "area": np.array([4.0, 9.0])}
    deep = {"label": np.array([1]), "volume": np.array([27.0])}
    joined = join_tables([flat, deep])
    assert {name: column.tolist() for name, column in joined.items()} == {
        "label": [1, 2, 1],
        "area": [4.0, 9.0, ""],
        "volume": ["", "", 27.0],
    }


def test_no_tables_are_a_table_without_columns():
    assert join_tables([]) == {}
    assert n_rows({}) == 0


def test_a_table_is_written_with_units(tmp_path):
    table = measure(np.array([[1, 1], [0, 2]]), image=np.array([[1, 3], [9, 7]]))
    write_table(table, tmp_path / "out.csv", units="µm")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["area (µm²)"] for row in rows] == ["2.0", "1.0"]
    assert [row["mean_intensity"] for row in rows] == ["2.0", "7.0"]
    assert [row["centroid_x (µm)"] for row in rows] == ["0.5", "1.0"]
    assert column_unit("size", "nm", 3) == "nm³"
    assert column_unit("label", "nm") == ""
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(table, tmp_path / "missing" / "out.csv")

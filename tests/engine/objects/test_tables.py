"""Joined tables."""

from __future__ import annotations

import numpy as np

from napari_garage_unet.engine.objects.tables import join_tables, n_rows


def test_tables_are_joined_and_missing_columns_stay_empty():
    flat = {"label": np.array([1, 2]), "area": np.array([4.0, 9.0])}
    deep = {"label": np.array([1]), "volume": np.array([27.0])}
    joined = join_tables([flat, deep])
    assert {name: column.tolist() for name, column in joined.items()} == {
        "label": [1, 2, 1],
        "area": [4.0, 9.0, ""],
        "volume": ["", "", 27.0],
    }


def test_columns_keep_their_neighbours():
    one = np.ones(1)
    flat = {"label": one, "area": one, "y": one, "mean": one}
    deep = {"label": one, "volume": one, "z": one, "y": one, "mean": one}
    assert list(join_tables([flat, deep])) == [
        *("label", "volume", "z", "area", "y", "mean"),
    ]
    assert list(join_tables([deep, flat])) == [
        *("label", "area", "volume", "z", "y", "mean"),
    ]


def test_no_tables_are_a_table_without_columns():
    assert join_tables([]) == {}
    assert n_rows({}) == 0

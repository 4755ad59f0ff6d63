"""Tables of objects: columns, units and CSV files."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_garage_unet.engine.files.atomic import write_whole

Column = npt.NDArray[np.generic]
"""Values of one column, ``(n_rows,)``."""

Table = dict[str, Column]
"""Columns of equal length, by name."""


def n_rows(table: Mapping[str, Column]) -> int:
    """Return the number of rows of a table."""
    return len(next(iter(table.values()), ()))


def join_tables(tables: Sequence[Mapping[str, Column]]) -> Table:
    """Return one table with the rows of several.

    Parameters
    ----------
    tables
        Their columns may differ; cells that a table does not have are empty strings.
    """
    joined: Table = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(tables)):
        parts = [
            table[name] if name in table else np.full(n_rows(table), "", object)
            for table in tables
        ]
        joined[name] = np.concatenate(parts)
    return joined


def column_unit(name: str, units: str, n_axes: int = 2) -> str:
    """Return the unit of a column, an empty string if it has none.

    Parameters
    ----------
    name
        Column of `measure` or `class_totals`.
    units
        Name of the unit of length, such as ``"µm"`` or ``"pixel"``.
    n_axes
        Number of axes in which ``size`` is measured, 2 or 3.
    """
    if name.startswith(("centroid_", "bbox_", "axis_", "equivalent_diameter")):
        return units
    power = {"area": 2, "volume": 3, "size": n_axes}.get(name)
    return f"{units}{'²' if power == 2 else '³'}" if power else ""


def write_table(
    table: Mapping[str, Column],
    path: str | Path,
    *,
    units: str | None = None,
    n_axes: int = 2,
) -> None:
    """Write a table as CSV in UTF-8, with a header, commas and decimal points.

    Parameters
    ----------
    table
        Columns of equal length.
    path
        File to write; it is replaced as a whole.
    units, n_axes
        See `column_unit`; with units, a header reads ``area (µm²)``.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    header = []
    for name in table:
        unit = column_unit(name, units, n_axes) if units else ""
        header.append(f"{name} ({unit})" if unit else name)

    def write(target: Path) -> None:
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(zip(*(c.tolist() for c in table.values()), strict=True))

    write_whole(path, write)

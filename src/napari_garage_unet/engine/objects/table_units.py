"""Units of the columns of a table, row by row.

Each row has its unit of length in the column ``unit``, because rows of several images
stand in one table. Where all are lengths they are expressed in one of them; pixels are
no length and stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.images.units import (
    MICROMETERS_PER_UNIT,
    UNIT_SYMBOLS,
    unit_name,
)

from .tables import Column, Table, join_tables, n_rows

UNKNOWN = "unknown"
"""Unit of an image whose pixels have a size of which nobody says in what."""


def image_unit(image: Image) -> str:
    """Return the unit of lengths measured in an image.

    Returns
    -------
    str
        Symbol of a unit such as ``"µm"``; ``"pixel"`` where the pixels of a plane have
        the size 1 and no unit, and `UNKNOWN` where they have another size without one.
    """
    name = unit_name(image.units)
    if name in UNIT_SYMBOLS:
        return UNIT_SYMBOLS[name]
    if image.units.strip().lower() not in ("", "pixel", "pixels", "px"):
        return image.units
    sizes = dict(zip(image.spatial_axes, image.spacing, strict=True))
    return "pixel" if sizes["y"] == sizes["x"] == 1 else UNKNOWN


def rows_of_image(table: Mapping[str, Column], image: Image, *, name: str) -> Table:
    """Return a table with the columns ``image`` and ``unit`` in front.

    Parameters
    ----------
    table
        Columns of `measure` or `class_totals`.
    image
        The image that was measured.
    name
        What the column ``image`` calls it.
    """
    n = n_rows(table)
    return {
        "image": np.full(n, name, object),
        "unit": np.full(n, image_unit(image), object),
        **table,
    }


def join_in_one_unit(tables: Sequence[Mapping[str, Column]]) -> Table:
    """Return one table with the rows of several, their lengths in one unit.

    Parameters
    ----------
    tables
        As of `rows_of_image`. The unit is that of the first row that has a length;
        rows in pixels keep them.
    """
    name_by_symbol = {symbol: name for name, symbol in UNIT_SYMBOLS.items()}
    units = [str(unit) for table in tables for unit in table["unit"][:1]]
    common = next((unit for unit in units if unit in name_by_symbol), None)
    joined = join_tables(tables)
    if common is None:
        return joined
    factors = np.ones(n_rows(joined))
    for unit in set(units) & set(name_by_symbol) - {common}:
        here = joined["unit"] == unit
        factors[here] = (
            MICROMETERS_PER_UNIT[name_by_symbol[unit]]
            / MICROMETERS_PER_UNIT[name_by_symbol[common]]
        )
        joined["unit"] = np.where(here, common, joined["unit"]).astype(object)
    if (factors == 1).all():
        return joined
    return {
        name: _scaled(column, factors ** column_power(name))
        for name, column in joined.items()
    }


def column_power(name: str) -> int:
    """Return the power of the unit of length in which a column is measured.

    Parameters
    ----------
    name
        Column of `measure` or `class_totals`; 0 stands for columns without a unit.
    """
    if name.startswith(("centroid_", "bbox_", "axis_", "equivalent_diameter")):
        return 1
    return {"area": 2, "volume": 3}.get(name, 0)


def column_title(name: str, unit: str) -> str:
    """Return the name of a column with its unit, such as ``area (µm²)``.

    Parameters
    ----------
    name
        See `column_power`.
    unit
        As of `image_unit`; empty or `UNKNOWN` for a title without a unit.
    """
    power = column_power(name)
    if not power or unit in ("", UNKNOWN):
        return name
    return f"{name} ({unit}{('', '²', '³')[power - 1]})"


def titles(table: Mapping[str, Column]) -> list[str]:
    """Return the titles of all columns, with the unit if all rows have the same."""
    units = {str(unit) for unit in table.get("unit", np.empty(0, object))}
    unit = units.pop() if len(units) == 1 else ""
    return [column_title(name, unit) for name in table]


def _scaled(column: Column, factors: Column) -> Column:
    """Multiply the cells of a column that hold numbers."""
    if (factors == 1).all():
        return column
    cells = [
        value * factor if isinstance(value, (int, float)) else value
        for value, factor in zip(column.tolist(), factors.tolist(), strict=True)
    ]
    return np.array(cells, object)

"""Tables as CSV files, and their numbers as text."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_garage_unet.engine.files.atomic import write_whole

from .table_units import titles
from .tables import Column

WRITTEN_DIGITS = 12
"""Significant digits of a number in a file, which leaves out what rounding adds."""

SHOWN_DIGITS = 4
"""Significant digits of a number in a window."""


def plain_number(value: float, digits: int = WRITTEN_DIGITS) -> str:
    """Return a number as text that every program reads, never as ``1.089e+05``.

    Parameters
    ----------
    value
        The number.
    digits
        Significant digits; those in front of the decimal point are all kept.

    Returns
    -------
    str
        With a decimal point, without zeros at its end; whole numbers without a point,
        and an empty string for what is no finite number.
    """
    if not math.isfinite(value):
        return ""
    digits = max(digits, math.floor(math.log10(abs(value))) + 1 if value else 1)
    text = np.format_float_positional(
        value, precision=digits, unique=True, fractional=False, trim="-"
    )
    return "0" if text == "-0" else text


def write_table(table: Mapping[str, Column], path: str | Path) -> None:
    """Write a table as CSV that spreadsheets open with a double click.

    Parameters
    ----------
    table
        Columns of equal length. A unit that holds for all rows of the column ``unit``
        becomes part of the header: ``area (µm²)``.
    path
        File to write; it is replaced as a whole. UTF-8 with a byte-order mark, by which
        Excel knows it; commas, decimal points, and numbers as of `plain_number`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """

    def write(target: Path) -> None:
        with target.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(titles(table))
            columns = ([_text(v) for v in c.tolist()] for c in table.values())
            writer.writerows(zip(*columns, strict=True))

    write_whole(path, write)


def _text(value: object) -> str:
    return plain_number(value) if isinstance(value, float) else str(value)

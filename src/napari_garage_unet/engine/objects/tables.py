"""Tables of objects: columns and joined rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

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
        A column stands behind the one that it follows in its own table.
    """
    names: list[str] = []
    for table in tables:
        at = 0
        for name in table:
            if name not in names:
                names.insert(at, name)
            at = names.index(name) + 1
    joined: Table = {}
    for name in names:
        parts = [
            table[name] if name in table else np.full(n_rows(table), "", object)
            for table in tables
        ]
        joined[name] = np.concatenate(parts)
    return joined

"""Tables of objects: columns and joined rows."""

from __future__ import annotations

import itertools
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
    """
    joined: Table = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(tables)):
        parts = [
            table[name] if name in table else np.full(n_rows(table), "", object)
            for table in tables
        ]
        joined[name] = np.concatenate(parts)
    return joined

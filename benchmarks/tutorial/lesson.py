"""The cells of `examples/unet_in_keras.py`, to run with other settings.

The lesson is one script from top to bottom, as a person reads it. The benchmark and the
tests use what it defines and not a copy, so that they measure what the lesson teaches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LESSON = Path(__file__).resolve().parents[2] / "examples" / "unet_in_keras.py"
PARAMETERS = "parameters"
"""Tag of the cell that holds the settings."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of the percent format.

    Parameters
    ----------
    line
        Line of the file, from 1, that its code begins on.
    header
        What follows ``# %%``, for example tags.
    code
        Python.
    """

    line: int
    header: str
    code: str


def code_cells(path: Path = LESSON) -> Iterator[Cell]:
    """Read the code cells of a script in percent format, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("# %%")]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        header = lines[start].removeprefix("# %%").strip()
        if not header.startswith("[markdown]"):
            yield Cell(start + 2, header, "\n".join(lines[start + 1 : stop]))


def load_definitions(path: Path = LESSON) -> Any:
    """Import what the lesson defines: its imports, settings and functions.

    Returns
    -------
    namespace
        Functions and settings as attributes. Nothing is trained, drawn or written.
    """
    values: dict[str, Any] = {"__name__": path.stem}
    for cell in code_cells(path):
        tree = ast.parse(cell.code)
        if PARAMETERS not in cell.header:
            tree.body = [node for node in tree.body if _defines(node)]
        ast.increment_lineno(tree, cell.line - 1)
        exec(compile(tree, str(path), "exec"), values)
    return SimpleNamespace(**values)


def run_lesson(settings: Mapping[str, Any], path: Path = LESSON) -> dict[str, Any]:
    """Run all cells with other settings and return the variables at the end."""
    values: dict[str, Any] = {"__name__": path.stem}
    for cell in code_cells(path):
        tree = ast.increment_lineno(ast.parse(cell.code), cell.line - 1)
        exec(compile(tree, str(path), "exec"), values)
        if PARAMETERS in cell.header:
            unknown = settings.keys() - values.keys()
            if unknown:
                raise KeyError(f"The lesson has no setting {', '.join(unknown)}.")
            values |= settings
    return values


def _defines(node: ast.stmt) -> bool:
    """Tell whether a statement only gives a name to code."""
    return isinstance(
        node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    )

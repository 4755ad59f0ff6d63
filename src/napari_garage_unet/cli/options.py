"""Options of several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

DEFAULT_SECONDS = 30.0
"""Length of a training without ``--seconds`` and ``--steps``."""

PATH_TYPE = click.Path(path_type=Path)
JSON_OPTION = click.option(
    "--json", "report", type=PATH_TYPE, metavar="FILE", help="Write a report as JSON."
)


def _lower(context: click.Context, option: click.Parameter, text: str | None) -> Any:
    """Return axes in the letters that are used here; TIFF files have TZCYX."""
    return None if text is None else text.lower()


AXES_OPTION = click.option(
    "--axes",
    callback=_lower,
    metavar="LETTERS",
    help="What the axes of the images are, such as zyx or cyx, for files that do not "
    "say it.",
)
SERIES_OPTION = click.option(
    "--series",
    type=click.IntRange(min=0),
    metavar="N",
    help="Which picture of files that hold several, counted from 0; by default the "
    "first that is no preview.",
)

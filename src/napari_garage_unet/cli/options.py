"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_SECONDS = 30.0

FILE = click.Path(path_type=Path)
JSON = click.option(
    "--json", "report", type=FILE, metavar="FILE", help="Write a report as JSON."
)
AXES = click.option(
    "--axes",
    metavar="LETTERS",
    help="What the axes of the images are, such as zyx or cyx, for files that do not "
    "say it.",
)

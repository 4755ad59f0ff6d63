"""JSON reports, and folders for results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_garage_unet.engine.errors import OutputError

from .atomic import write_whole


def make_folder(folder: Path) -> None:
    """Create a folder and its parents unless they exist.

    Raises
    ------
    OutputError
        If the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made ({error.strerror or error}); "
            "choose another one."
        ) from error


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as indented JSON in UTF-8, all or nothing.

    Parameters
    ----------
    path
        File to write.
    report
        JSON values by key.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, lambda target: _write_text(target, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")

"""The results of a benchmark: tables, a file of figures, and marks met or missed.

A benchmark collects figures and marks in a `Report` and ends with
`sys.exit(report.publish())`: the table goes to standard output, everything to
`benchmarks/results/NAME.json`, and the exit code is 1 when a mark is missed.
"""

from __future__ import annotations

import json
import math
import operator
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS_FOLDER = ROOT / "benchmarks" / "results"
_PACKAGES = (
    "napari-garage-unet",
    "tensorflow",
    "keras",
    "numpy",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "napari",
)


class Direction(StrEnum):
    """The side of its limit on which a value has to lie."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure that must reach a limit.

    Parameters
    ----------
    name : str
        Quantity that was measured, with its unit.
    value : float
        Measured value. NaN misses every mark.
    limit : float
        Value that has to be reached.
    direction : Direction, optional
        Whether the limit is a floor or a ceiling.
    """

    name: str
    value: float
    limit: float
    direction: Direction = Direction.AT_LEAST

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the limit."""
        reaches = {Direction.AT_LEAST: operator.ge, Direction.AT_MOST: operator.le}
        return bool(reaches[self.direction](self.value, self.limit))

    def __str__(self) -> str:
        verdict = "met   " if self.met else "MISSED"
        return (
            f"{verdict}  {self.name}: {self.value:.3f} ({self.direction} "
            f"{self.limit:.3f})"
        )


@dataclass(slots=True)
class Report:
    """The results of one run of a benchmark.

    Parameters
    ----------
    name : str
        Name of the file of results, without its ending.
    figures : dict
        Anything JSON can hold.
    marks : list of Mark
        Marks of the run; may be empty.
    tables : list of str
        Texts for standard output, made with `table`.
    circumstances : dict, optional
        See `describe_circumstances`. Taken when the report is made, so make it before
        a long measurement: the commit may be another one afterwards.
    """

    name: str
    figures: dict[str, object] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    circumstances: dict[str, object] = field(
        default_factory=lambda: describe_circumstances()
    )

    @property
    def missed(self) -> list[Mark]:
        """The marks that were not met."""
        return [mark for mark in self.marks if not mark.met]

    def publish(self, folder: Path = RESULTS_FOLDER) -> int:
        """Print the tables and marks, write the file, return the exit code.

        Parameters
        ----------
        folder : pathlib.Path, optional
            Where `NAME.json` is written.

        Returns
        -------
        int
            0 when every mark is met, otherwise 1.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self._as_json(), indent=1) + "\n", encoding="utf-8")
        lines = [*self.tables, *map(str, self.marks)]
        lines.append(f"{len(self.marks) - len(self.missed)} of {len(self.marks)} marks")
        sys.stdout.write("\n".join(lines) + "\n")
        return 1 if self.missed else 0

    def _as_json(self) -> dict[str, object]:
        marks = [
            {
                "name": mark.name,
                # JSON has no NaN.
                "value": None if math.isnan(mark.value) else mark.value,
                "limit": mark.limit,
                "direction": mark.direction.value,
                "met": mark.met,
            }
            for mark in self.marks
        ]
        return {
            "name": self.name,
            **self.circumstances,
            "marks": marks,
            "figures": self.figures,
        }


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay out rows as text; the first column left, the others right aligned."""
    cells = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)]
        )
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, ""])


def describe_circumstances() -> dict[str, object]:
    """Tell date, commit, machine and versions of this run, ready for JSON."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_since_commit": bool(_git("status", "--porcelain", "--", "src")),
        "cores": cores(),
        "processor": _processor(),
        "python": platform.python_version(),
        "versions": _versions(),
    }


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _text(cell: object) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # An unpacked archive has no history.
    return answer.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found

"""Write constraints.txt anew from what pyproject.toml resolves to today.

Usage::

    python scripts/renew_constraints.py python3.11 python3.12 python3.13

Each interpreter resolves everything in a throw-away environment, the later ones with
the versions found by the earlier ones, so that one version per package serves all of
them; the script stops where that is impossible.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints.txt"
# PySide6 is what tox tests beside PyQt6; pip is there because old ones know no groups.
WANTED = [
    *("--editable", f"{ROOT}[all,export,cluster]"),
    *("--group", f"{ROOT}/pyproject.toml:dev"),
    *("napari[pyside6]", "pip"),
]


def resolve(interpreter: str, constraints: Path, folder: Path) -> dict[str, str]:
    """Return name -> version of everything that `interpreter` would install."""
    environment = folder / Path(interpreter).name
    python = environment / "bin" / "python"
    report = folder / f"{environment.name}.json"
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([interpreter, "-m", "venv", str(environment)], check=True)
    subprocess.run([*pip, "--upgrade", "pip"], check=True)
    subprocess.run(
        [
            *pip,
            *("--dry-run", "--ignore-installed"),
            *("--report", str(report)),
            *("--constraint", str(constraints)),
            *WANTED,
        ],
        check=True,
    )
    versions = {}
    for item in json.loads(report.read_text())["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        if name != "napari-garage-unet":
            versions[name] = item["metadata"]["version"]
    return versions


def lines(versions: dict[str, str]) -> str:
    """Return sorted ``name==version`` lines."""
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))


def main(interpreters: list[str]) -> None:
    """Resolve with each interpreter in turn and write the file."""
    if not interpreters:
        raise SystemExit(__doc__)
    header = [line for line in FILE.read_text().splitlines() if line.startswith("#")]
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        constraints = folder / "constraints.txt"
        for interpreter in interpreters:
            constraints.write_text(lines(found))
            found |= resolve(interpreter, constraints, folder)
    FILE.write_text("\n".join(header) + "\n" + lines(found))


if __name__ == "__main__":
    main(sys.argv[1:])

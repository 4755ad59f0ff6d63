"""Every code block of the page about images runs, offline, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "images.md"
BLOCKS = re.findall(
    r"^```(python|bash)\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder in which the blocks follow each other."""
    return tmp_path_factory.mktemp("page")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(folder, number, monkeypatch):
    language, code = BLOCKS[number]
    monkeypatch.chdir(folder)
    if language == "python":
        exec(compile(code, f"{PAGE.name}, block {number}", "exec"), {})
        return
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join((scripts, os.environ["PATH"]))
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        check=True,
        env={**os.environ, "PATH": path},
    )

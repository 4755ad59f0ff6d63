"""A fixture of all tests: sessions save their projects into temporary folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_garage_unet.project.folders import PROJECTS_VARIABLE


@pytest.fixture(autouse=True)
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for projects, instead of the one in the user's data folder."""
    root = tmp_path / "saved projects"
    monkeypatch.setenv(PROJECTS_VARIABLE, str(root))
    return root

"""Puts this folder on the path, for what several folders of tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_garage_unet.project.folders import PROJECTS_VARIABLE


@pytest.fixture(autouse=True)
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what sessions save; never that of the person who runs the tests."""
    root = tmp_path / "saved projects"
    monkeypatch.setenv(PROJECTS_VARIABLE, str(root))
    return root

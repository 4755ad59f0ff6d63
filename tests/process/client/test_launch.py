from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from napari_garage_unet.engine.errors import EngineError
from napari_garage_unet.process.client import launch

posix = pytest.mark.skipif(os.name == "nt", reason="makes POSIX executables")


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_a_running_python_is_taken() -> None:
    assert launch.python_executable() == sys.executable


@posix
def test_a_launcher_is_replaced_by_the_python_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable(tmp_path / "bin" / "napari"))
    python = executable(tmp_path / "bin" / "python3")
    assert launch.python_executable() == python


@posix
@pytest.mark.parametrize("started", ["", "/nowhere/napari"])
def test_an_unknown_executable_is_replaced_by_the_python_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: str
) -> None:
    monkeypatch.setattr(sys, "executable", started)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    python = executable(tmp_path / "bin" / "python3")
    assert launch.python_executable() == python


@posix
def test_no_python_at_all_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "napari"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(EngineError, match="No Python was found beside"):
        launch.engine_command()


@posix
def test_a_library_is_not_taken_from_the_folder_napari_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logging.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    code = ["-c", "import logging, napari_garage_unet; print(logging.__file__)"]
    command = [*launch.engine_command()[:-2], *code]
    process = launch.start_process(command)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert str(tmp_path) not in output.decode()


@posix
def test_the_package_is_found_where_it_is_only_on_the_path_of_the_viewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    # -S leaves site folders out, and with them every way of installing.
    command = [sys.executable, "-S", "-c", "import sys; print(sys.path[:3])"]
    output, _ = launch.start_process(command).communicate(timeout=30)
    root = Path(launch.__file__).resolve().parents[3]
    if (root / "numpy").exists():
        assert str(root) not in output.decode()
    else:
        assert f"'/somewhere', '{root}'" in output.decode()

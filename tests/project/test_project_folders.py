from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.project import folders
from napari_garage_unet.project.description import (
    SavedImage,
    SavedProject,
    SavedVersion,
    read_project,
    write_project,
)
from napari_garage_unet.project.folders import ProjectFolder, saved_projects, tidy_up
from napari_garage_unet.project.safe_files import write_bytes

PROJECT = SavedProject(
    images=(
        SavedImage(
            "cells",
            (4, 5),
            "uint8",
            "cells.tif",
            "ab",
            "strokes-1",
            (4, 5),
            "uint8",
            "strokes",
            True,
            5.0,
        ),
    ),
    versions=(SavedVersion("a1", 1, 2.0, 30, 1.5, 0.75, {}, ({"id": 1},)),),
    classes=({"id": 1},),
    settings={"training": {"seed": 3}},
    rules={"1": {}},
    current="a1",
)


def make(root, *, saved_at=None):
    folder = ProjectFolder.create(root)
    write_project(folder.description, PROJECT)
    folder.release()
    if saved_at is not None:
        os.utime(folder.description, (saved_at, saved_at))
    return folder


def test_a_description_comes_back_as_it_was(tmp_path):
    write_project(tmp_path / "project.json", PROJECT)
    assert read_project(tmp_path / "project.json") == PROJECT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"format": "else"}',
        b'{"format": "napari-garage-unet project", "version": 1}',
        b'{"format": "napari-garage-unet project", "version": 99}',
        b"\xff\xfe",
    ],
)
def test_a_bad_description_is_a_sentence(tmp_path, text):
    (tmp_path / "project.json").write_bytes(text)
    with pytest.raises(InputError, match=r"project\.json"):
        read_project(tmp_path / "project.json")


def test_a_description_cannot_name_files_elsewhere(tmp_path):
    path = tmp_path / "project.json"
    write_project(path, PROJECT)
    path.write_text(path.read_text().replace("strokes-1", "../../home"))
    with pytest.raises(InputError, match="damaged"):
        read_project(path)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_is_locked_until_it_is_released(tmp_path):
    folder = ProjectFolder.create(tmp_path)
    assert not ProjectFolder(folder.path).lock()
    folder.release()
    other = ProjectFolder(folder.path)
    assert other.lock()
    other.release()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_no_lock(tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from napari_garage_unet.project.folders import ProjectFolder\n"
        "print(ProjectFolder.create(pathlib.Path(sys.argv[1])).path, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (folder,) = saved_projects(tmp_path)
        held = not folder.lock()
        process.send_signal(signal.SIGKILL)
    assert held
    assert folder.lock()
    folder.release()


def test_old_and_surplus_projects_go_but_never_a_running_one(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_PROJECTS", 2)
    now = 1e9
    old = make(tmp_path, saved_at=now - folders.MAX_PROJECT_AGE_SECONDS - 1)
    third = make(tmp_path, saved_at=now - 300)
    second = make(tmp_path, saved_at=now - 200)
    first = make(tmp_path, saved_at=now - 100)
    running = make(tmp_path, saved_at=now - folders.MAX_PROJECT_AGE_SECONDS - 5)
    assert running.lock()
    assert set(tidy_up(tmp_path, now=now)) == {old.path, third.path}
    assert {folder.path for folder in saved_projects(tmp_path)} == {
        first.path,
        second.path,
        running.path,
    }
    running.release()


def test_too_large_projects_go_the_oldest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_PROJECTS_BYTES", 3_000_000)
    made = [make(tmp_path, saved_at=1e9 - age) for age in (300, 200, 100)]
    for folder in made:
        (folder.path / "strokes").write_bytes(bytes(1_400_000))
    assert tidy_up(tmp_path, now=1e9) == [made[0].path]


def test_a_folder_that_never_became_a_project_goes_after_a_while(tmp_path):
    empty = ProjectFolder.create(tmp_path)
    empty.release()
    made = empty.path.stat().st_mtime
    assert tidy_up(tmp_path, now=made + 10) == []
    assert tidy_up(tmp_path, now=made + folders.MAX_UNFINISHED_AGE_SECONDS + 10) == [
        empty.path
    ]


def test_where_nothing_can_be_written_there_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be saved"):
        ProjectFolder.create(tmp_path / "file")

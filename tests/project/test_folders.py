"""Project folders: created, found and removed."""

from __future__ import annotations

import os

import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.project import folders
from napari_garage_unet.project.description import (
    SavedProject,
    write_project,
)
from napari_garage_unet.project.folders import ProjectFolder, saved_projects, tidy_up


def make(root, *, saved_at=None):
    folder = ProjectFolder.create(root)
    write_project(folder.description, SavedProject())
    folder.release()
    if saved_at is not None:
        os.utime(folder.description, (saved_at, saved_at))
    return folder


def test_a_new_folder_is_locked_by_its_session(tmp_path):
    folder = ProjectFolder.create(tmp_path)
    assert folder.versions.is_dir()
    assert not ProjectFolder(folder.path).lock()
    folder.release()
    other = ProjectFolder(folder.path)
    assert other.lock()
    other.release()


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


def test_projects_are_found_the_last_saved_first(tmp_path):
    made = [make(tmp_path, saved_at=1e9 - age) for age in (200, 300, 100)]
    expected = [made[2].path, made[0].path, made[1].path]
    assert [folder.path for folder in saved_projects(tmp_path)] == expected
    assert list(saved_projects(tmp_path / "absent")) == []


def test_a_removed_project_leaves_nothing(tmp_path):
    folder = make(tmp_path)
    assert folder.lock()
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_there_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be saved"):
        ProjectFolder.create(tmp_path / "file")

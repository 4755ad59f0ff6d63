"""Locks on folders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from napari_garage_unet.project.folders import saved_projects
from napari_garage_unet.project.lock import FolderLock


def test_a_folder_is_locked_until_it_is_released(tmp_path):
    lock, other = FolderLock(tmp_path), FolderLock(tmp_path)
    assert lock.acquire()
    assert lock.acquire()
    assert not other.acquire()
    lock.release()
    assert other.acquire()
    other.release()


def test_a_folder_that_does_not_exist_cannot_be_locked(tmp_path):
    assert not FolderLock(tmp_path / "absent").acquire()


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

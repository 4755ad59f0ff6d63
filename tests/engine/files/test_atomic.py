"""Files and folders that are replaced as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files import atomic
from napari_garage_unet.engine.files.atomic import write_whole


def say(text):
    return lambda path: path.write_text(text)


def fill(**files):
    def write(folder):
        folder.mkdir()
        for name, text in {"zattrs": "{}", **files}.items():
            (folder / name.replace("zattrs", ".zattrs")).write_text(text)

    return write


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_and_is_replaced(tmp_path):
    write_whole(tmp_path / "a.txt", say("old"))
    write_whole(str(tmp_path / "a.txt"), say("new"))
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_appears_and_is_replaced(tmp_path):
    write_whole(tmp_path / "a.zarr", fill(old="1"))
    write_whole(tmp_path / "a.zarr", fill(new="2"))
    assert names(tmp_path / "a.zarr") == [".zattrs", "new"]
    assert names(tmp_path) == ["a.zarr"]


def test_the_target_is_untouched_until_everything_is_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("half")
        assert path.read_text() == "old"
        temporary.write_text("new")

    write_whole(path, write)
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyError()])
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_breaks_off_leaves_the_old_contents_and_nothing_else(
    tmp_path, error, is_folder
):
    path = tmp_path / "a.zarr"
    write_whole(path, fill(old="1") if is_folder else say("old"))

    def broken(temporary):
        (fill(new="2") if is_folder else say("new"))(temporary)
        raise error

    expected = OutputError if isinstance(error, OSError) else KeyError
    with pytest.raises(expected):
        write_whole(path, broken)
    assert names(tmp_path) == ["a.zarr"]
    if is_folder:
        assert names(path) == [".zattrs", "old"]
    else:
        assert path.read_text() == "old"


def test_contents_are_on_the_disk_before_they_get_their_name(tmp_path, monkeypatch):
    done = []
    sync, replace = os.fsync, os.replace

    def note_sync(handle):
        done.append("sync")
        sync(handle)

    def note_replace(source, target):
        done.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_whole(tmp_path / "a.txt", say("new"))
    assert done == ["sync", "replace"]


def test_a_disk_that_fails_is_one_sentence_with_path_and_reason(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        write_whole(tmp_path / "a.txt", say("new"))
    assert str(caught.value) == (
        f"{tmp_path / 'a.txt'} cannot be written (No space left on device); "
        "choose a folder with space that you may write to."
    )
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_error_begins_with_what_is_written(tmp_path):
    def full(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError) as caught:
        write_whole(tmp_path / "a.txt", full, what="The model")
    assert str(caught.value) == (
        f"The model cannot be written to {tmp_path / 'a.txt'} (No space left on "
        "device); choose a folder with space that you may write to."
    )
    with pytest.raises(OutputError, match=r"^The model cannot be written to .*absent"):
        write_whole(tmp_path / "absent" / "a.txt", full, what="The model")


def test_errors_of_this_package_pass_through_as_they_are(tmp_path):
    for error in (OutputError("a PNG holds one plane."), InputError("no ids.")):

        def refuse(temporary, error=error):
            raise error

        with pytest.raises(type(error)) as caught:
            write_whole(tmp_path / "a.txt", refuse)
        assert caught.value is error


def test_a_missing_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for folder in ("file", "missing"):
        with pytest.raises(OutputError, match=f"{folder} is not a folder"):
            write_whole(tmp_path / folder / "a.txt", say("new"))
    assert names(tmp_path) == ["file"]


def test_a_folder_with_other_things_is_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    for write in (say("new"), fill()):
        with pytest.raises(OutputError, match="other things in it"):
            write_whole(tmp_path / "thesis", write)
    assert names(tmp_path / "thesis") == ["chapter1.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a.txt", say("new"))
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    write_whole(tmp_path / "link.txt", say("new"))
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(tmp_path / "pipe", say("new"))
        assert os.read(reader, 99) == b"new"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_that_is_still_written_to_is_removed_by_another_try(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(atomic, "REMOVAL_PAUSE_SECONDS", 0.0)
    write_whole(tmp_path / "a.zarr", fill(old="1"))
    remove, tries = shutil.rmtree, []

    def busy(path):
        tries.append(path)
        if len(tries) < 3:
            raise OSError(39, "Directory not empty")
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", busy)
    write_whole(tmp_path / "a.zarr", fill(new="2"))
    assert len(tries) == 3
    assert names(tmp_path) == ["a.zarr"]


def test_what_cannot_be_removed_does_not_hide_that_all_is_written(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(atomic, "REMOVAL_PAUSE_SECONDS", 0.0)
    write_whole(tmp_path / "a.zarr", fill(old="1"))

    def busy(path):
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(shutil, "rmtree", busy)
    write_whole(tmp_path / "a.zarr", fill(new="2"))
    assert names(tmp_path / "a.zarr") == [".zattrs", "new"]
    assert "cannot be removed" in caplog.text

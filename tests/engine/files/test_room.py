"""Room is sought or reserved before the work, and a lack of it is one sentence."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from types import SimpleNamespace

import pytest

from napari_garage_unet.engine.errors import OutputError
from napari_garage_unet.engine.files.room import (
    PIECE_BYTES,
    check_room,
    reserve,
    size_text,
    temporary_folder,
    try_room,
)

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs posix_fallocate")


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [(12, "12 bytes"), (1000, "1.0 kB"), (52_000_000, "52 MB"), (1_150e6, "1.1 GB")],
)
def test_sizes_are_said_in_words(nbytes, text):
    assert size_text(int(nbytes)) == text


def test_a_lack_says_how_much_where_and_what_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: SimpleNamespace(free=200_000_000)
    )
    check_room(tmp_path, 200_000_000, what="The maps need")
    with pytest.raises(OutputError) as caught:
        check_room(tmp_path, 1_200_000_000, what="The maps need", remedy="set TMPDIR")
    assert str(caught.value) == (
        f"The maps need 1.2 GB of room in {tmp_path}, where 200 MB are free; make room "
        "there or set TMPDIR."
    )


def test_room_is_tried_without_a_trace(tmp_path):
    try_room(tmp_path, 3 * PIECE_BYTES, what="The model needs")
    assert list(tmp_path.iterdir()) == []


@on_linux
def test_a_quota_is_noticed_that_the_free_space_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutputError, match=r"The model needs 1\.0 MB of room in"):
        try_room(tmp_path, 1_000_000, what="The model needs")


def test_what_is_reserved_is_there(tmp_path):
    with (tmp_path / "map").open("w+b") as file:
        reserve(file, 1000, 3 * PIECE_BYTES + 5)
        size = 1000 + 3 * PIECE_BYTES + 5
        assert os.fstat(file.fileno()).st_size == size
        file.seek(0)
        assert not any(file.read())


@on_linux
@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
def test_zeros_are_written_where_the_disk_cannot_reserve(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, "not here")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with (tmp_path / "map").open("w+b") as file:
        reserve(file, 10, 2 * PIECE_BYTES)
        assert os.fstat(file.fileno()).st_blocks * 512 >= 2 * PIECE_BYTES
        assert os.fstat(file.fileno()).st_size == 10 + 2 * PIECE_BYTES


@on_linux
def test_a_full_disk_raises_instead_of_ending_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full)
    with (tmp_path / "map").open("w+b") as file, pytest.raises(OSError, match="space"):
        reserve(file, 0, 10)


def test_a_full_temporary_folder_is_blamed_itself(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with (
        pytest.raises(OutputError, match=r"temporary folder .* TMPDIR"),
        temporary_folder(),
    ):
        full()


def test_other_errors_pass_a_temporary_folder():
    with pytest.raises(PermissionError), temporary_folder():
        raise PermissionError("not there")

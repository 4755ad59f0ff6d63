"""Bytes, JSON and arrays that are written all or nothing."""

from __future__ import annotations

import os

import numpy as np
import pytest

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.project import safe_files
from napari_garage_unet.project.safe_files import (
    copy_file,
    read_array,
    read_json,
    write_array,
    write_bytes,
    write_json,
)


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


def test_json_and_arrays_come_back(tmp_path):
    values = {"classes": [{"id": 1}], "painted": 5.5, "source": None}
    write_json(tmp_path / "a.json", values)
    assert read_json(tmp_path / "a.json") == values
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    write_array(tmp_path / "a.tile", array)
    found = read_array(tmp_path / "a.tile")
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("at", [2, 20, -3])
def test_a_damaged_array_is_noticed(tmp_path, at):
    path = tmp_path / "a.tile"
    write_array(path, np.arange(999))
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tile cannot be read"):
        read_array(path)


def test_an_array_that_would_fill_the_memory_is_not_read(tmp_path, monkeypatch):
    write_array(tmp_path / "a.tile", np.zeros(10_000, np.uint8))
    monkeypatch.setattr(safe_files, "MAX_ARRAY_BYTES", 5000)
    with pytest.raises(InputError, match="cut off"):
        read_array(tmp_path / "a.tile")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_copy_stays_when_its_source_is_replaced(tmp_path, monkeypatch, has_links):
    def no_links(source, target):
        raise OSError(1, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    source, target = tmp_path / "source", tmp_path / "target"
    write_bytes(source, b"first")
    write_bytes(target, b"older")
    copy_file(source, target)
    write_bytes(source, b"second")
    assert target.read_bytes() == b"first"
    with pytest.raises(InputError, match="absent cannot be copied"):
        copy_file(tmp_path / "absent", target)
    assert target.read_bytes() == b"first"

"""Kinds of files and their suffixes."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import random_ids

from napari_garage_unet.engine.errors import InputError, OutputError
from napari_garage_unet.engine.files.kinds import (
    KIND_BY_SUFFIX,
    READABLE_KINDS,
    WRITABLE_KINDS,
    FileKind,
    writable_kind,
)
from napari_garage_unet.engine.files.reading import read_image, read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation


def test_every_kind_has_a_suffix():
    assert set(KIND_BY_SUFFIX.values()) == set(FileKind)


def test_every_kind_can_be_read_and_all_but_jpeg_be_written():
    assert set(FileKind) == READABLE_KINDS
    assert set(FileKind) - {FileKind.JPEG} == WRITABLE_KINDS


def test_a_kind_that_is_neither_read_nor_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(KIND_BY_SUFFIX, ".czi", "CZI")
    path = tmp_path / "new.czi"
    with pytest.raises(OutputError, match=r"'\.czi'"):
        write_segmentation(path, random_ids((5, 5)))
    path.write_bytes(b"anything")
    for read in (read_image, read_strokes):
        with pytest.raises(InputError, match="not of a kind that can be read"):
            read(path)


@pytest.mark.parametrize("name", ["o.jpg", "o.txt", "o"])
def test_other_names_of_segmentations_are_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"choose a name that ends with \.tif"):
        writable_kind(tmp_path / name)


@pytest.mark.parametrize(
    "suffix", [s for s, kind in KIND_BY_SUFFIX.items() if kind in WRITABLE_KINDS]
)
def test_suffixes_count_in_capitals_too(tmp_path, suffix):
    labels = random_ids((20, 31))
    write_segmentation(tmp_path / f"O{suffix.upper()}", labels)
    np.testing.assert_array_equal(read_strokes(tmp_path / f"O{suffix.upper()}"), labels)

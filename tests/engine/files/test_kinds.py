"""Kinds of files and their suffixes."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import random_ids

from napari_garage_unet.engine.files.kinds import KIND_BY_SUFFIX, FileKind
from napari_garage_unet.engine.files.reading import read_strokes
from napari_garage_unet.engine.files.writing import write_segmentation


def test_every_kind_has_a_suffix():
    assert set(KIND_BY_SUFFIX.values()) == set(FileKind)


@pytest.mark.parametrize(
    "suffix", [s for s, kind in KIND_BY_SUFFIX.items() if kind != FileKind.JPEG]
)
def test_suffixes_count_in_capitals_too(tmp_path, suffix):
    labels = random_ids((20, 31))
    write_segmentation(tmp_path / f"O{suffix.upper()}", labels)
    np.testing.assert_array_equal(read_strokes(tmp_path / f"O{suffix.upper()}"), labels)

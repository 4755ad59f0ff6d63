"""Paths of results, checked before anything is computed."""

from __future__ import annotations

import pytest

from napari_garage_unet.cli.outputs import segmentation_paths
from napari_garage_unet.engine.errors import OutputError


def test_a_name_with_a_suffix_is_the_file_of_a_single_image(tmp_path):
    out = tmp_path / "labels.zarr"
    assert segmentation_paths([tmp_path / "a.png"], out) == [out]


def test_a_name_without_a_suffix_is_a_folder(tmp_path):
    inputs = [tmp_path / "a.png", tmp_path / "b.ome.tif"]
    assert segmentation_paths(inputs, tmp_path / "out") == [
        tmp_path / "out" / "a_segmentation.tif",
        tmp_path / "out" / "b_segmentation.tif",
    ]


def test_a_kind_that_cannot_hold_a_segmentation_is_refused_at_once(tmp_path):
    with pytest.raises(OutputError, match=r"'\.jpg'.*\.tif, \.zarr"):
        segmentation_paths([tmp_path / "a.png"], tmp_path / "labels.jpg")

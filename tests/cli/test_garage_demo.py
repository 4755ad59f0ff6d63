"""The demo writes what it says, and its figures are those of its files."""

from __future__ import annotations

import dataclasses
import json

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_garage_unet import cli, load_model, samples
from napari_garage_unet.cli.garage_demo import write_overlay
from napari_garage_unet.engine.annotations.palette import color_for
from napari_garage_unet.engine.evaluation.scores import score


@pytest.fixture
def corner(monkeypatch):
    """A part of the garage, which is quickly learnt."""
    whole = samples.garage()
    part = (slice(150, 406), slice(240, 512))
    cut = dataclasses.replace(
        whole,
        **{
            name: getattr(whole, name)[part]
            for name in ("left", "right", "strokes", "mask_left", "mask_right")
        },
    )
    monkeypatch.setattr(samples, "garage", lambda: cut)
    return cut


def test_demo_reports_on_the_files_it_writes(corner, tmp_path, capsys):
    out = tmp_path / "new" / "demo"
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["demo", "--out", str(out), "--steps", "150", "--seconds", "120"])
    assert exit_info.value.code == 0
    assert {path.name for path in out.iterdir()} == {
        "segmentation.tif",
        "model.garage",
        "overlay.png",
        "report.json",
    }
    report = json.loads((out / "report.json").read_text())
    labels = tifffile.imread(out / "segmentation.tif")
    left = score(corner.mask_left, labels, strokes=corner.strokes)
    assert report["left"]["accuracy"] == pytest.approx(left.accuracy)
    assert report["left"]["mean_iou"] == pytest.approx(left.mean_iou)
    assert left.accuracy > 0.6
    model = load_model(out / "model.garage")
    np.testing.assert_array_equal(model.segment(corner.left), labels)
    right = score(corner.mask_right, model.segment(corner.right))
    assert report["right"]["accuracy"] == pytest.approx(right.accuracy)
    assert report["steps"] == 150
    assert [c.name for c in model.classes] == [c.name for c in corner.classes]
    assert f"accuracy {left.accuracy:.3f}" in capsys.readouterr().out


def test_overlay_tints_classes_and_leaves_the_background_clear(tmp_path):
    photograph = np.full((60, 200, 3), 100, np.uint8)
    labels = np.ones((60, 200), np.uint8)
    labels[:, 100:] = 3
    write_overlay(tmp_path / "overlay.png", photograph, labels, samples.GARAGE_CLASSES)
    picture = iio.imread(tmp_path / "overlay.png")
    assert picture.shape[0] > 60
    assert (picture[:60, :100] == 100).all()
    tint = np.array(list(bytes.fromhex(color_for(3)[1:]))) * 0.55 + 100 * 0.45
    np.testing.assert_allclose(picture[30, 150], tint, atol=1)
